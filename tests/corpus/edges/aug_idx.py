class Edge(Trait):
    async def execute(self, entity):
        a = [1.0, 2.0]
        a[0] += 3
        a[-1] *= 2
        entity.vx = a[0] - a[1]
