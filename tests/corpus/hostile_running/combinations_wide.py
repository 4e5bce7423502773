# category: memory; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        sum(1 for _ in itertools.combinations(range(60), 30))
