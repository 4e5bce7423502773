# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        next(itertools.dropwhile(bool, itertools.repeat(1)))
