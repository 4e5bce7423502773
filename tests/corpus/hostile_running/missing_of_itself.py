# category: recursion; expect: stopped
from collections import defaultdict


class Greedy(Trait):
    async def execute(self, entity):
        d = defaultdict(lambda: d[0])
        d[0]
