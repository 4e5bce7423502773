# category: endless; expect: stopped
import itertools
from functools import reduce


class Greedy(Trait):
    async def execute(self, entity):
        reduce(max, itertools.count())
