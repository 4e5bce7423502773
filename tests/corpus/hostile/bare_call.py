# category: module-level; expect: refused; rule: module-level
len('a')


class Sneaky(Trait):
    async def execute(self, entity):
        pass
