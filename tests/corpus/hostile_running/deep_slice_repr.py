# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        p = None
        for _ in range(20_000):
            p = slice(p)
        repr(p)
        while entity:
            pass
