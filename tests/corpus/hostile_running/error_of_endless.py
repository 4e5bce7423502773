# category: endless; expect: stopped
import itertools


class Far(Exception):
    pass


class Greedy(Trait):
    async def execute(self, entity):
        raise Far(*itertools.count())
