# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        await self.execute(entity)
