# category: slow-operations; expect: stopped
import math


class Greedy(Trait):
    async def execute(self, entity):
        n = 10 ** 6
        math.comb(n, n // 2)
