class T(Trait):
    async def execute(self, entity):
        ns = [o for o in entity.nearby_entities(60) if o.energy > entity.energy]
        xs = [o.x - entity.x for o in ns]
        ys = sorted([o.y for o in ns], reverse=True)
        pairs = [(abs(o.x - entity.x), o) for o in ns]
        big = []
        for o in ns:
            if o.radius > 2:
                big.append(o)
            elif o.age > 100:
                big.append(o)
        if pairs:
            near = min(pairs, key=lambda p: p[0])[1]
            entity.vx = (near.x - entity.x) / 50
        if big:
            far = max(big, key=lambda o: (o.x - entity.x) ** 2 + (o.y - entity.y) ** 2)
            entity.vy = (far.y - entity.y) / 100
            entity.color = far.color
            entity.state = far.state
        first = ns[:3]
        rest = ns[3:]
        tail = xs[-2:]
        entity.radius = 1 + len(first) + len(rest) / 10 + sum(tail) / 100 + (sum(ys) / len(ys) / 400 if ys else 0)
        near = sorted(ns, key=lambda o: o.energy)
        if len(near) > 2:
            entity.vx += near[0].vx + near[-1].vx - near[1].vx
        names = [o.age for o in near]
        names.sort()
        if names: entity.vy += names[len(names) // 2] / 6000
