class Edge(Trait):
    async def execute(self, entity):
        entity.color = '#A0B0C0'
        if entity.color == '#a0b0c0':
            entity.vy = 1.0
