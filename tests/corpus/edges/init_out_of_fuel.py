class Edge(Trait):
    def __init__(self):
        self.n = 0
        for i in range(500000):
            self.n += i

    async def execute(self, entity):
        self.n += 1
