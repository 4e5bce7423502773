class Edge(Trait):
    def __init__(self):
        self.c = 1 / 0

    async def execute(self, entity):
        entity.vx = 1.0
