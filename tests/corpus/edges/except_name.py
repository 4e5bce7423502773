class Edge(Trait):
    async def execute(self, entity):
        try:
            a = 1 / (entity.age - entity.age)
        except ZeroDivisionError as e:
            entity.vx = 2.0
