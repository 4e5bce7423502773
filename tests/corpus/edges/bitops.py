class Edge(Trait):
    async def execute(self, entity):
        a = entity.age
        entity.vx = ((a ^ (a >> 3)) & 0xFF) / 100 - (~a & 7) + (a | 1) % 3
