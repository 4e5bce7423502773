class Edge(Trait):
    async def execute(self, entity):
        entity.vx = 9223372036854775807
        entity.radius = True
