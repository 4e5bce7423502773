class Edge(Trait):
    def __init__(self):
        self.b = False

    async def execute(self, entity):
        self.b = not self.b
        entity.vx = self.b + 1
