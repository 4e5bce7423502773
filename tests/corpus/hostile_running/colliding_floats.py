# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        d = {}
        x = 1.0
        for _ in range(40_000):
            d[x] = 1
            x *= 1.0000001
        while entity:
            pass
