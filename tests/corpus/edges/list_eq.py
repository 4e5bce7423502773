class Edge(Trait):
    async def execute(self, entity):
        a = [1.0, 2.0]
        if a == [1.0, 2.0]:
            entity.vx = 1.0
