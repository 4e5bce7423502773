class Edge(Trait):
    async def execute(self, entity):
        a = -9223372036854775807 - 1
        b = a // -1
        entity.vx = 1.0
