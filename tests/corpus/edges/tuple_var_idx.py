class Edge(Trait):
    async def execute(self, entity):
        a = (1.0, 2, 3.5)
        entity.vx = a[entity.age % 4]
