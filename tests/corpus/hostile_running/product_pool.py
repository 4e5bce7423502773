# category: memory; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        itertools.product(range(9999999), repeat=9)
