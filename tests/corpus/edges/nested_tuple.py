class Edge(Trait):
    async def execute(self, entity):
        for (a, b), c in (((1.0, 2.0), 3), ((4.0, 5.0), 6)):
            entity.vx += a * b - c
