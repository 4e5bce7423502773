class T(Trait):
    async def execute(self, entity):
        entity.vx = 1
        entity.vy = max(o.energy for o in entity.nearby_entities(9)) / 100
