# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = []
        for n in range(10 ** 6):
            a.insert(0, n)
