class Edge(Trait):
    async def execute(self, entity):
        entity.color = '#123456'
        a = entity.color
        entity.color = a
