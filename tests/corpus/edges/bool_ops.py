class Edge(Trait):
    async def execute(self, entity):
        a = entity.vx > 0
        b = entity.vy > 0
        entity.vx = (a & b) + (a | b) * 2 + (a ^ b) * 4
