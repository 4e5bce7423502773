# category: memory; expect: stopped
from collections import deque


class Greedy(Trait):
    async def execute(self, entity):
        d = deque(range(1000))
        for _ in range(10 ** 6):
            d.rotate(500)
