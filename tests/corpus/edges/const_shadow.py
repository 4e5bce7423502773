C = 7.0


class Edge(Trait):
    D = C * 2
    C = 1.5

    async def execute(self, entity):
        entity.vx = self.D
