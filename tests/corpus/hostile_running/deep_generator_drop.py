# category: recursion; expect: stopped
def keep(x):
    yield x
    yield x


class Greedy(Trait):
    async def execute(self, entity):
        g = None
        for _ in range(20_000):
            g = keep(g)
            next(g)
        g = None
        while entity:
            pass
