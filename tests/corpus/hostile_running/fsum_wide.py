# category: slow-operations; expect: stopped
import math


class Greedy(Trait):
    async def execute(self, entity):
        math.fsum(range(9999999))
