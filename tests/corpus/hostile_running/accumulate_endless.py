# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        list(itertools.accumulate(itertools.count()))
