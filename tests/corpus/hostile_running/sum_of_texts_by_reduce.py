# category: memory; expect: stopped
from functools import reduce


class Greedy(Trait):
    async def execute(self, entity):
        reduce(lambda a, b: a + b, ['x' * 1000] * 10_000)
