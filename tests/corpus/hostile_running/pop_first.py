# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        d = {}
        for n in range(20_000):
            d[n] = n
        while d:
            for k in d:
                break
            del d[k]
        while entity:
            pass
