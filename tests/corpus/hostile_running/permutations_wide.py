# category: memory; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        list(itertools.permutations(range(20)))
