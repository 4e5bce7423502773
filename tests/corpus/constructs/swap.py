class T(Trait):
    async def execute(self, entity):
        a, b, c = entity.vx, entity.vy, entity.age
        a, b = b, a
        (a, b), c = (b, a + 1), a
        x = y = z = a
        x += 1
        p = (a, b, 3)
        entity.vx = p[0] + p[-1] / 10 + p[entity.age % 3] / 100 + len(p)
        q = p + (1, 2)
        entity.vy = q[3] - q[-5] / 10
