# category: memory; expect: stopped
from collections import deque


class Greedy(Trait):
    async def execute(self, entity):
        d = deque()
        while d is not None:
            d.append('x' * 60000)
