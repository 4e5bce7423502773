class Edge(Trait):
    async def execute(self, entity):
        a = [1.0]
        a.insert(0, 5.0)
        entity.vx = a[0]
