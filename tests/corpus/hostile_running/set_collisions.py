# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        s = set()
        for n in range(60000):
            s.add((n, n * 7))
