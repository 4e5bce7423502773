class Edge(Trait):
    async def execute(self, entity):
        a = [3.0, 1.0, 2.0]
        entity.vx = a[-3] + a[-1]
        entity.vy = a[-4]
