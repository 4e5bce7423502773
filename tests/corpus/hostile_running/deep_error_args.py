# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        e = None
        for _ in range(40_000):
            e = ValueError(e)
        str(e)
