class Edge(Trait):
    async def execute(self, entity):
        a = entity.age * 9223372036854775807
        entity.vx = 1.0
