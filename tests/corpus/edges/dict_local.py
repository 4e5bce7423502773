class Edge(Trait):
    async def execute(self, entity):
        w = {'a': entity.vx, 'b': 2.0}
        entity.vy = w['a'] + w['b']
