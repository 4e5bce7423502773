class Edge(Trait):
    async def execute(self, entity):
        entity.vx = entity.eat(2.0) + entity.energy * 0.01
        entity.x += entity.eat(1.0)
