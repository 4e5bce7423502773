class T(Trait):
    async def execute(self, entity):
        o = entity.nearby_entities(30)
        entity.vx = 1
        if o: o[0].x = 3
