class T(Trait):
    async def execute(self, entity):
        nan = float("inf") * 0 if entity.age % 3 == 0 else entity.vx
        one, two = (nan, 1), (nan, 2)
        entity.vx = (one < two) + 2 * (one == (nan, 1)) + 4 * (nan in (1.0, nan)) + 8 * (two > one)
        xs = [nan, entity.vy, 0.5]
        entity.vx += 0.5 * (nan in xs) + xs.count(nan) / 10
        entity.vy = min(xs) if max(xs) < 5 else min(nan, 0.5)
        try:
            n = sorted(entity.nearby_entities(30), key=lambda o: o.vx * nan)
            xs.sort(reverse=True)
            entity.vy = xs[0] + (n[0].vx if n else 0)
            m = sorted(entity.nearby_entities(30), key=lambda o: (o.age % 2, o.vx + nan))
        except ValueError:
            entity.radius = 1.5
