import math
class T(Trait):
    async def execute(self, entity):
        a = -0.0
        b = 0
        s = 0
        for o in entity.nearby_entities(5): s += -0.0
        entity.vx = math.copysign(1, -s if s else a) + math.copysign(2, 0 * a) + math.copysign(3, max(a, b)) + math.copysign(4, min(b, a))
        entity.vy = math.copysign(5, round(-0.4, 0)) + math.copysign(1, -b) + math.copysign(1, sum([a, a])) + math.copysign(1, a + b)
        entity.energy = a
