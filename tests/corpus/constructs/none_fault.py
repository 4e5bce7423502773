class T(Trait):
    async def execute(self, entity):
        best = None
        for f in entity.nearby_resources(15):
            best = f
        entity.vx = 1.0
        entity.vy = best.x / 100
