# category: endless; expect: stopped
import itertools
from collections import namedtuple

P = namedtuple('P', 'a b')


class Greedy(Trait):
    async def execute(self, entity):
        P._make(itertools.count())
