class Edge(Trait):
    async def execute(self, entity):
        for i in range(-9223372036854775807, 9223372036854775807, 4611686018427387904):
            entity.vx += 0.1
