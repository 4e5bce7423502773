class Edge(Trait):
    async def execute(self, entity):
        a = entity.eat(2.0)
        b = entity.eat(9.0)
        entity.vx = a + b
