class Edge(Trait):
    async def execute(self, entity):
        if entity.age % 2:
            raise ValueError('x')
        entity.vx = 1.0
