class Edge(Trait):
    async def execute(self, entity):
        entity.energy -= entity.eat(3.0)
