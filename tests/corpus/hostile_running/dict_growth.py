# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        d = {}
        for n in range(9999999):
            d[n] = [n] * 1000
