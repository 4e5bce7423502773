import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.inf
        entity.energy = math.inf
        entity.x = -math.inf
        entity.radius = math.inf
        entity.max_energy = math.inf
