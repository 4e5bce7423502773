# category: module-level; expect: refused; rule: module-level
try:
    x = 1
finally:
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
