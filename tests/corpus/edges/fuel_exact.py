class Edge(Trait):
    async def execute(self, entity):
        for i in range(2998):
            pass
        entity.vx = 1.0
