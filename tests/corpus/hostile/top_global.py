# category: module-level; expect: refused; rule: module-level
global x


class Sneaky(Trait):
    async def execute(self, entity):
        pass
