# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        p = q = None
        for _ in range(20_000):
            p = slice(p)
            q = slice(q)
        p == q
        while entity:
            pass
