# category: slow-operations; expect: stopped
import math


class Greedy(Trait):
    async def execute(self, entity):
        for n in range(10 ** 7):
            math.isqrt(n) + math.lcm(n, 3) + math.perm(9, 3)
