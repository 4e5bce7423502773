# category: module-level; expect: refused; rule: module-level
with open('x') as f:
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
