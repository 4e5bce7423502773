class Edge(Trait):
    async def execute(self, entity):
        for i in range(9223372036854775806, 9223372036854775807):
            entity.vx = 1.0
