class Edge(Trait):
    async def execute(self, entity):
        try:
            a = 9223372036854775807 + entity.age
        except ArithmeticError:
            entity.vy = 1.0
