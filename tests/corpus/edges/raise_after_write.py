class Edge(Trait):
    async def execute(self, entity):
        entity.vx = 1.0
        entity.move(1, 1)
        entity.eat(2.0)
        if entity.age % 2:
            raise KeyError('x')
