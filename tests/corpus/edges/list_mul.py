class Edge(Trait):
    async def execute(self, entity):
        n = entity.age % 5
        a = [1.5] * n
        entity.vx = sum(a)
