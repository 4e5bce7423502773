# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        next(filter(None, itertools.repeat(0)))
