# category: module-level; expect: refused; rule: module-level
1 + 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
