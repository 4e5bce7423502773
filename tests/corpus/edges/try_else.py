class Edge(Trait):
    async def execute(self, entity):
        try:
            a = 1 / (entity.age % 2)
        except ZeroDivisionError:
            entity.vx = 1.0
        else:
            entity.vx = a
