# category: memory; expect: stopped
from collections import namedtuple

P = namedtuple('P', 'a b')


class Greedy(Trait):
    async def execute(self, entity):
        P(*range(9999999))
