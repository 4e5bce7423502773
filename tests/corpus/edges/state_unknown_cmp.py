class Edge(Trait):
    async def execute(self, entity):
        if entity.state == 'zzz':
            entity.vx = 1.0
