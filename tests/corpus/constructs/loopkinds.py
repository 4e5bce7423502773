class T(Trait):
    async def execute(self, entity):
        t = 0.0
        for i in range(5): t += i
        for i in range(2, 9, 3): t += i * 0.5
        for i in range(10, 0, -4): t -= i * 0.25
        for i in range(entity.age % 4): t += 1
        for i, o in enumerate(entity.nearby_entities(30)): t += i * o.vx
        for i, o in enumerate(entity.nearby_entities(30), 1):
            t += o.vy / i
        for a, b in zip(entity.nearby_entities(30), entity.nearby_resources(30)): t += a.x - b.x
        for a, b in zip((1, 2, 3), (0.5, 1, 2)): t += a * b
        for dx, dy in ((1, 0), (0, 1), (-1, 0.5)): t += dx * 2 + dy
        for o in reversed(entity.nearby_entities(30)): t = t * 0.5 + o.vx
        for v in [1, 2.5, 3]: t += v
        for v in (o.vx for o in entity.nearby_entities(30) if o.vx > 0): 
            t += v
            if t > 50: break
        else:
            t += 100
        entity.vx = t / 100
        entity.vy = i / 10
