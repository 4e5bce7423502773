class T(Trait):
    async def execute(self, entity):
        k = entity.age * 1000003 * 1000003
        f = float(k) + 0.0
        entity.vx = (k == f) + (k < f) * 2 + (k > f) * 4 + (k >= f - 1) * 8 + (f <= k) * 16 + (k != f) * 5
        m = k if entity.age % 2 else f
        entity.vy = (m == k) + (m < k) * 2 + (m >= f) * 4 + (k > m) * 8
