# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        g = [1]
        for _ in range(20_000):
            g = [iter(g)]
        g = None
        while entity:
            pass
