class Edge(Trait):
    async def execute(self, entity):
        for i in range(0, 5, 0):
            entity.vx += i
