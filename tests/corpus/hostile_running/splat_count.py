# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        max(*itertools.count())
