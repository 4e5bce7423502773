# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        sum([[0]] * 60000, [])
