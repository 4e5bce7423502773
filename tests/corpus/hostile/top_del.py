# category: module-level; expect: refused; rule: module-level
x = 1
del x


class Sneaky(Trait):
    async def execute(self, entity):
        pass
