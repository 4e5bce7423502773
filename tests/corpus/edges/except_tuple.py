class Edge(Trait):
    async def execute(self, entity):
        try:
            a = 1 % (entity.age % 2)
        except (ValueError, ZeroDivisionError):
            entity.vy = 1.0
