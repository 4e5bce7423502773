class Edge(Trait):
    async def execute(self, entity):
        try:
            a = 1 % (entity.age % 2)
        except ZeroDivisionError:
            raise ValueError
