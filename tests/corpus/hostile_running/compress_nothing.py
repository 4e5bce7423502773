# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        next(itertools.compress(itertools.count(), itertools.repeat(0)))
