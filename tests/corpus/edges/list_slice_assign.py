class Edge(Trait):
    async def execute(self, entity):
        a = [3.0, 1.0, 2.0, 5.0]
        b = a[1:3]
        b[0] = 9.0
        entity.vx = a[1] + b[0] + len(a[10:]) + len(a[-2:])
