class Edge(Trait):
    def __init__(self):
        self.n = 0
        self.c = 1 // 0

    async def execute(self, entity):
        self.n += 1
        entity.vx = 1.0
