class T(Trait):
    async def execute(self, entity):
        c = [0] * 4
        w = [0.0, 1.0, 2.0]
        for o in entity.nearby_entities(40):
            k = int(o.x > entity.x) + 2 * int(o.y > entity.y)
            c[k] += 1
            w[k % 3] = w[k % 3] * 0.5 + o.vx
        best = max(c)
        entity.vx = c.index(best) / 4 + w[0] + w[-1]
        entity.vy = w[c[0] % 4] / 10
