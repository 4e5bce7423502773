# category: memory; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        itertools.tee([1], 10 ** 8)
