# category: memory; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        list(itertools.product(range(99), repeat=20))
