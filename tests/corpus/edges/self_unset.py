class Edge(Trait):
    def __init__(self):
        pass

    async def execute(self, entity):
        if entity.age > 3000:
            self.n = 1.0
        entity.vx = self.n
