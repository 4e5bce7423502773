# category: memory; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        itertools.combinations(range(9999999), 3)
