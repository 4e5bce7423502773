# category: module-level; expect: refused; rule: module-level
if True:
    x = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
