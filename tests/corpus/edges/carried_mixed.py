class Edge(Trait):
    def __init__(self):
        self.n = 0.0

    async def execute(self, entity):
        self.n = self.n + 0.5 if entity.age % 2 else self.n
        entity.vx = self.n
