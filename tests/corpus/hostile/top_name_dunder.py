# category: module-level; expect: refused; rule: dunder
x = __name__


class Sneaky(Trait):
    async def execute(self, entity):
        pass
