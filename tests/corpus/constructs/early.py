class T(Trait):
    async def execute(self, entity):
        if entity.energy < 20: return
        if not entity.nearby_resources(40): return None
        for o in entity.nearby_entities(40):
            if o.energy > 50: return
        entity.vx = 9
