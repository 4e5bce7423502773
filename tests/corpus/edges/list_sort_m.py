class Edge(Trait):
    async def execute(self, entity):
        a = [3.0, 1.0, 2.0]
        a.sort(reverse=True)
        entity.vx = a[0] - a[2]
