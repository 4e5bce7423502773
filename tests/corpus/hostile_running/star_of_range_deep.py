# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        n = len("a" * 1000) * 1_000_000
        a, (b, *c) = 1, range(n)
