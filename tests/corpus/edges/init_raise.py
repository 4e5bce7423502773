class Edge(Trait):
    def __init__(self):
        self.n = 0
        raise ValueError

    async def execute(self, entity):
        self.n += 1
