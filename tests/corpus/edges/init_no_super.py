class Edge(Trait):
    def __init__(self):
        pass

    async def execute(self, entity):
        entity.vx = 1.0
