class Edge(Trait):
    async def execute(self, entity):
        q, r = divmod(entity.age, 7)
        entity.vx = q % 5 + r
        q, r = divmod(entity.x, 0.3)
        entity.vy = r
