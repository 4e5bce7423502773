class Edge(Trait):
    def __init__(self):
        self.n = 0.0

    async def execute(self, entity):
        self.n = entity.age
