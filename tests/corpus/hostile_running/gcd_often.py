# category: slow-operations; expect: stopped
import math


class Greedy(Trait):
    async def execute(self, entity):
        for n in range(10 ** 7):
            math.gcd(n, 6)
