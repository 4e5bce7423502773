# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        d = {}
        n = 0
        while entity:
            d[n] = n
            n += 2 ** 32
