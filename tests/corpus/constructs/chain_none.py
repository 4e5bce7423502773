class T(Trait):
    async def execute(self, entity):
        near = None
        for o in entity.nearby_entities(30):
            if near is None or abs(o.x - entity.x) < abs(near.x - entity.x): near = o
        t = (near.x, near.y) if near else None
        if t is not None:
            a, b = t
            entity.vx = (a + b) / 100
            entity.vy = t[0] / 100
        elif near is None:
            entity.vy = 0.25
