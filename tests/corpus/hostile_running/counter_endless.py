# category: endless; expect: stopped
import itertools
from collections import Counter


class Greedy(Trait):
    async def execute(self, entity):
        Counter(itertools.repeat(1))
