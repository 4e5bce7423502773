# category: dunders; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        global __builtins__
        __builtins__ = {}
