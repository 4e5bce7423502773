# category: memory; expect: stopped
KEPT = []


class Greedy(Trait):
    async def execute(self, entity):
        KEPT.append('x' * 60_000)
