class T(Trait):
    async def execute(self, entity):
        count = 0
        best = 0.0
        def look(o):
            nonlocal count, best
            count += 1
            if o.energy > best: best = o.energy
            return best > 50
        for o in entity.nearby_entities(30):
            if look(o): break
        entity.vx = count / 10
        entity.vy = best / 100
