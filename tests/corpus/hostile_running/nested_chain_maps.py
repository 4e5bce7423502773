# category: recursion; expect: stopped
from collections import ChainMap


class Greedy(Trait):
    async def execute(self, entity):
        c = ChainMap({})
        for _ in range(10_000):
            c = ChainMap(c)
        'a' in c
