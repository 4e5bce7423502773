class T(Trait):
    async def execute(self, entity):
        if (n := len(entity.nearby_entities(25))) > 2 and (m := n * 2) > 7:
            entity.vx = m / 20
        entity.vy = n / 10
        t = [y for o in entity.nearby_entities(25) if (y := o.energy) > 20]
        entity.radius = len(t) + 1
