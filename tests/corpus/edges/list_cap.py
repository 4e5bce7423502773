class Edge(Trait):
    async def execute(self, entity):
        a = []
        for i in range(200):
            a.append(i)
        entity.vx = len(a) + a[150] * 0.01
