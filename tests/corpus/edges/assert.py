class Edge(Trait):
    async def execute(self, entity):
        assert entity.age % 2 == 0, 'odd'
        entity.vx = 1.0
