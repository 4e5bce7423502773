# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = list(range(60000))
        for _ in range(10 ** 6):
            a[0:0] = a[:1]
