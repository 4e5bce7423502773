import math

def d(a, b):
    return math.hypot(a.x - b.x, a.y - b.y)


class Edge(Trait):
    async def execute(self, entity):
        for o in entity.nearby_entities(30.0):
            entity.vx += d(entity, o) * 0.01
