# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        next(itertools.filterfalse(None, itertools.repeat(1)))
