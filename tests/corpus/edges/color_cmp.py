class Edge(Trait):
    async def execute(self, entity):
        if entity.color == '#102030':
            entity.vx = 1.0
        entity.color = '#102030'
        if entity.color == '#102030':
            entity.vy = 1.0
