# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        int('9' * 60_000)
