class Edge(Trait):
    async def execute(self, entity):
        a = 1 if entity.age % 2 else 2.0
        entity.vx = a // 2
        entity.vy = a
