class Edge(Trait):
    async def execute(self, entity):
        entity.radius = 50.0
        a = entity.eat(5.0)
        entity.radius = 0
        b = entity.eat(5.0)
        entity.vx = a - b
