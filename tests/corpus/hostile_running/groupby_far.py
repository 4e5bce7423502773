# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        [k for k, g in itertools.groupby(itertools.repeat(1))]
