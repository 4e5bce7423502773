# category: recursion; expect: stopped
class Greedy(Trait):
    async def go(self):
        await self.go()

    async def execute(self, entity):
        await self.go()
