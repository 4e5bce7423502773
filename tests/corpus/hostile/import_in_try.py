# category: imports; expect: refused; rule: module-level
try:
    import ctypes
except Exception:
    ctypes = None


class Sneaky(Trait):
    async def execute(self, entity):
        pass
