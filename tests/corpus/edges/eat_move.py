class Edge(Trait):
    async def execute(self, entity):
        entity.move(1.0, 0.0)
        entity.eat(3.0)
        entity.move(0.0, 1.0)
        entity.eat(3)
