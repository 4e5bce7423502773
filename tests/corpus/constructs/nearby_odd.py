class T(Trait):
    async def execute(self, entity):
        a = entity.nearby_entities(-1); b = entity.nearby_resources(float("nan")); c = entity.nearby_resources(1e9)
        entity.vx = len(a) + len(b) + len(c) / 100
        entity.vy = len(entity.nearby_entities(10**6)) / 100
