# category: slow-operations; expect: stopped
import math


class Greedy(Trait):
    async def execute(self, entity):
        math.dist([0.0] * 60000, [1.0] * 60000)
        math.hypot(*range(9999999))
