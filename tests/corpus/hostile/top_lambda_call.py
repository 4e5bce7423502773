# category: module-level; expect: refused; rule: module-level
(lambda: 1)()


class Sneaky(Trait):
    async def execute(self, entity):
        pass
