# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        [a for a in itertools.count() if a < 0]
