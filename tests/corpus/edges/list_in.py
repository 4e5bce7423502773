class Edge(Trait):
    async def execute(self, entity):
        a = [1, 2, 3]
        if entity.age % 5 in a:
            entity.vx = 1.0
