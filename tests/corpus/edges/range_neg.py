class Edge(Trait):
    async def execute(self, entity):
        for i in range(5, -5, -3):
            entity.vx += i * 0.1
