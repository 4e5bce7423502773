# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        sum(1 for a in itertools.count())
