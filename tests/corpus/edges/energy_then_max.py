class Edge(Trait):
    async def execute(self, entity):
        entity.energy = 10.0
        entity.max_energy = 20.0
        entity.energy = 30.0
        a = entity.eat(100.0)
        entity.vx = a
