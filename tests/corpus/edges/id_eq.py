class Edge(Trait):
    async def execute(self, entity):
        if entity.id == '5':
            entity.vx = 1.0
