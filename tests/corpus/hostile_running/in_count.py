# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        -1 in itertools.count()
