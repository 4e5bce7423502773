# category: slow-operations; expect: stopped
import math


class Greedy(Trait):
    async def execute(self, entity):
        math.prod(range(1, 9999999))
