class Edge(Trait):
    async def execute(self, entity):
        a = 10
        for i in range(3):
            a = a / 2
        entity.vx = a
