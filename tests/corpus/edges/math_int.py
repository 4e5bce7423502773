import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.gcd(entity.age, 12) + math.isqrt(entity.age) * 0.1
        entity.vy = math.factorial(5) % 7 + math.comb(5, 2)
