C = sum([1.0, 2.0, 3.0])


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = C
