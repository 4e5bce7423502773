class Edge(Trait):
    async def execute(self, entity):
        a = [3.0, 1.0, 2.0]
        a.reverse()
        entity.vx = a[0]
