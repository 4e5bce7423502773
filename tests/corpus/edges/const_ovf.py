C = 9223372036854775807 + 1


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = 1.0
