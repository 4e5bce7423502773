class Edge(Trait):
    async def execute(self, entity):
        a, *b = (1.0, 2.0, 3.0)
        entity.vx = a + b[0] + len(b)
