# category: swallowing; expect: stopped
import itertools
from collections import defaultdict


class Loud:
    def go(self):
        for n in itertools.count():
            pass


class Greedy(Trait):
    async def execute(self, entity):
        d = defaultdict(Loud().go)
        d[1]
