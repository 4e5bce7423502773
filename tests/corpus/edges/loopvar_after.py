class Edge(Trait):
    async def execute(self, entity):
        for i in range(3):
            pass
        entity.vx = i
