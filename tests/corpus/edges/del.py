class Edge(Trait):
    async def execute(self, entity):
        a = 1.0
        del a
        entity.vx = 1.0
