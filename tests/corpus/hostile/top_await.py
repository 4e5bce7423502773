# category: module-level; expect: refused; rule: module-level
await x


class Sneaky(Trait):
    async def execute(self, entity):
        pass
