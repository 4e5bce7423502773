# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        p = None
        for _ in range(49_000):
            p = property(p)
        p = None
        while entity:
            pass
