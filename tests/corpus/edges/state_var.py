class Edge(Trait):
    async def execute(self, entity):
        m = 'alive' if entity.age % 2 else 'fleeing'
        entity.state = m
        if entity.state == m:
            entity.vx = 1.0
