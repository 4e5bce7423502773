# category: comprehensions; expect: refused
class Sneaky(Trait):
    async def go(self):
        return 1

    async def execute(self, entity):
        [x async for x in self.go()]
