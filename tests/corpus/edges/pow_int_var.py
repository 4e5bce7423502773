class Edge(Trait):
    async def execute(self, entity):
        n = entity.age % 5 - 2
        entity.vx = 3 ** n
