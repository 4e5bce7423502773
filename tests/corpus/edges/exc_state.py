class Edge(Trait):
    def __init__(self):
        self.n = 0

    async def execute(self, entity):
        try:
            entity.vx = 1.0
            self.n += 1
            a = 1 / (entity.age % 2)
        except ZeroDivisionError:
            entity.vy = self.n
