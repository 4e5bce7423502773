# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        dict(zip(itertools.count(), itertools.cycle('a')))
