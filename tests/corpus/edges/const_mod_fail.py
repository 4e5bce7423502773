C = 1 // 0


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = 1.0
