def helper(v, k=0.5):
    if v > 2: return v * k
    return v
def clamp(x, lo, hi):
    return max(lo, min(hi, x))

class T(Trait):
    K = 0.25
    def _to(self, o, x, *, w=1):
        if o.x > 100:
            return (o.x - x) * w, o.y * w
        for k in range(3):
            if o.y > 50 * k: return o.x, o.y + k
        return 0.0, 1
    def far(self, a, b):
        return abs(a.x - b.x) + abs(a.y - b.y) > self.LIMIT
    LIMIT = 40
    @staticmethod
    def static(n):
        return n / 2
    async def execute(self, entity):
        dx, dy = self._to(entity, 10.0, w=2)
        entity.vx = dx / 100
        entity.vy = dy / 100
        for o in entity.nearby_entities(30):
            a, b = self._to(o, 5)
            entity.vx += self.K * (a - b) / 1000
            if self.far(o, entity): continue
            entity.vy += clamp(o.vx, -0.1, 0.1)
        entity.radius = helper(entity.radius) + T.K + self.static(3) + 1
        f = lambda q, r=2: q * r + dx / 1000
        entity.vx += f(0.1) - f(0.2, r=3)
