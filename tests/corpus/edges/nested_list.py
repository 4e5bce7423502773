class Edge(Trait):
    async def execute(self, entity):
        g = [[0.0] * 3 for _ in range(3)]
        g[1][2] = 5.0
        entity.vx = g[1][2] + g[0][2]
