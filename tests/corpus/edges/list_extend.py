class Edge(Trait):
    async def execute(self, entity):
        a = [1.0]
        a.extend([2.0, 3.0])
        entity.vx = len(a) + a[-1]
