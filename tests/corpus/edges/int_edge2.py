class Edge(Trait):
    async def execute(self, entity):
        a = -9223372036854775807 - 1
        b = abs(a)
        entity.vx = 1.0
