class Edge(Trait):
    async def execute(self, entity):
        if entity.age > 3000:
            a = 1.0
        entity.vx = a
