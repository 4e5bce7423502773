class Edge(Trait):
    async def execute(self, entity):
        a = True if entity.age % 2 else 3
        entity.vx = a
        entity.vy = a / 2
