class Edge(Trait):
    async def execute(self, entity):
        a = -9223372036854775807 - 1
        entity.vx = a / -1 / 1e18
        entity.vy = float(a) / 1e18
