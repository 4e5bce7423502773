class Edge(Trait):
    async def execute(self, entity):
        a = [1.0, 2.0]
        b = a[:]
        b[0] = 5.0
        entity.vx = a[0]
