# category: module-level; expect: refused; rule: module-level
for i in range(3):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
