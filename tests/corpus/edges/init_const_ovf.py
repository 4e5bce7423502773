class Edge(Trait):
    def __init__(self):
        self.c = 9223372036854775807 + 1

    async def execute(self, entity):
        entity.vx = self.c
