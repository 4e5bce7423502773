class Edge(Trait):
    async def execute(self, entity):
        a = 9223372036854775807 if entity.age % 2 else 2.0
        entity.vx = a - 9223372036854775806
