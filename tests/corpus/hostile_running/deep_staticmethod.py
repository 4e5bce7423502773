# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        p = len
        for _ in range(49_000):
            p = staticmethod(p)
        p = None
        while entity:
            pass
