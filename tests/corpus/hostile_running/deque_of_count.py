# category: endless; expect: stopped
import itertools
from collections import deque


class Greedy(Trait):
    async def execute(self, entity):
        deque(itertools.count(), maxlen=1)
