class T(Trait):
    async def execute(self, entity):
        x = float("inf")
        for r in entity.nearby_resources(40):
            d = (r.x - entity.x) ** 2 + (r.y - entity.y) ** 2
            if d < x: x = d
        entity.vx = 1 / (1 + x) + float(entity.age) / 1e4 + bool(entity.vx) + int(True) + int(-2.7)
        entity.vy = int(x) % 5 if x < 1e18 else 1
