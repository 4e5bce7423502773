class T(Trait):
    async def execute(self, entity):
        if entity.energy > 40:
            k = 2
        entity.vx = 0.5
        for o in entity.nearby_entities(10):
            last = o.x
        entity.vy = k
        entity.radius = last / 100
