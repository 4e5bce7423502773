# category: memory; expect: stopped
KEPT = []


class Greedy(Trait):
    async def execute(self, entity):
        for _ in range(1000):
            KEPT.append('x' * 60000)
