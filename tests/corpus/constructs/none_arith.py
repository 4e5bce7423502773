class T(Trait):
    async def execute(self, entity):
        d = None
        for f in entity.nearby_resources(15):
            d = f.amount
        entity.vx = 1.0
        entity.vy = d / 100 + 1
