# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        next(itertools.islice(itertools.count(), 10 ** 12, None))
