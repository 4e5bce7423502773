# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        t = (int,)
        for _ in range(20_000):
            t = (t,)
        isinstance('a', t)
        while entity:
            pass
