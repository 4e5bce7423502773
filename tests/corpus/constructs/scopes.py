LIMIT = 3.0
K = 7


def scale(x, k=K, *, least=LIMIT / 2):
    return max(x * k, least)


class T(Trait):
    NEAR = 12.0
    FAR = NEAR * 3
    RINGS = (NEAR, FAR, NEAR + FAR)

    def inside(self, o, entity, radius=FAR):
        return abs(o.x - entity.x) < radius

    def make(self, w):
        if w % 2:
            k = 2
        else:
            k = 0.5
        return lambda q: q * k

    async def execute(self, entity):
        found = entity.nearby_entities(self.FAR)
        near = [o for o in found if self.inside(o, entity, self.NEAR)]
        far = [o for o in found if self.inside(o, entity)]
        entity.vx = len(near) / 10 + len(far) / 100 + sum(self.RINGS) / 1000
        entity.vy = scale(entity.vy, k=0.5) / 10 + self.make(entity.age)(0.25)
        f = self.make(entity.age + 1)
        g = lambda q: f(q) + K / 10
        K2 = [5.0, 1.0]
        K2[0] += K2.pop()
        entity.radius = 1 + g(0.5) + K2[0]
        if entity.traits:
            entity.radius += 0.25
        assert entity.age % 7, "a literal"
