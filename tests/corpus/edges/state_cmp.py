class Edge(Trait):
    async def execute(self, entity):
        s = entity.state
        if s == 'fleeing':
            entity.vx = 1.0
        if s in ('hunting', 'x'):
            entity.vy = 1.0
