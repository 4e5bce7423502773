class T(Trait):
    async def execute(self, entity):
        n = entity.nearby_entities(50)
        s = sum(o.energy for o in n) + sum([o.age for o in n]) / 1000 + sum(1 for o in n if o.vx > 0) + sum(o.vx > 0 for o in n)
        m = max((o.energy for o in n), default=0) + min([o.x for o in n], default=-1) if n else 0
        k = max(n, key=lambda o: o.energy, default=None)
        q = any(o.energy > 50 for o in n) + all(o.energy > 20 for o in n) + any([o.vx for o in n]) + all([])
        z = len([o for o in n if o.age > 3000]) + max(1, 2.5, s) + min(0.5, 2) + sum(range(10)) + max(range(3))
        entity.vx = s / 1000
        entity.vy = m / 10000
        entity.radius = q + z / 1000
        if k is not None and k.energy > entity.energy: entity.vx = -entity.vx
        tot = sum((o.vx for o in n), 0.5)
        entity.vy += tot / 100
