class Edge(Trait):
    async def execute(self, entity):
        a = [1.0, 2.0, 3.0]
        entity.vx = a[entity.age % 4]
