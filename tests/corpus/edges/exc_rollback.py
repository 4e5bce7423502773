class Edge(Trait):
    def __init__(self):
        self.n = 0

    async def execute(self, entity):
        self.n += 1
        entity.vx = self.n
        a = 1 / (entity.age % 2)
