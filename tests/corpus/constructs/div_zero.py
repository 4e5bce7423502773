class T(Trait):
    async def execute(self, entity):
        entity.vx = 1.5
        n = len(entity.nearby_entities(12))
        entity.vy = 1 / n
        entity.radius = 7 // (n - 1) + 5 % (n - 2) + 1
