# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        g = iter([1])
        for _ in range(20_000):
            g = (x for x in g)
        list(g)
