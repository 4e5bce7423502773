class T(Trait):
    """Lists that are made anew in loops, also from themselves."""

    def richer(self, found, least):
        found = [o for o in found if o.energy > least]
        return found[1:]

    async def execute(self, entity):
        n = entity.nearby_entities(60)
        least = 10.0
        while len(n) > 3:
            n = [o for o in n if o.energy > least]
            least += 7.5
        entity.vx = len(n) / 10 + sum(o.vx for o in n) / 50
        m = [o.age for o in entity.nearby_entities(40)]
        for k in range(4):
            m = m[1:]
            if k == 2:
                m = sorted(m, reverse=True)
            rest = [v % 7 for v in m]
            rest.append(k)
            entity.vy = sum(rest) / 100 + (m[0] if m else 0) / 6000
        left = entity.nearby_entities(50)
        for k in range(3):
            left = self.richer(left, 20.0 + k)
            few = [o for o in left if o.vx > 0]
            if few and k:
                entity.radius = 1 + len(few) / 10
        entity.vx += len(left) / 100
