class Edge(Trait):
    def __init__(self):
        self.n = 1

    async def execute(self, entity):
        self.n += 4611686018427387904
        entity.vx = 1.0
