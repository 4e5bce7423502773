# category: module-level; expect: refused; rule: module-level
raise ValueError


class Sneaky(Trait):
    async def execute(self, entity):
        pass
