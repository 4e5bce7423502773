# category: comprehensions; expect: refused
class Sneaky(Trait):
    async def go(self):
        return 1

    async def execute(self, entity):
        list(await self.go() for _ in range(3))
