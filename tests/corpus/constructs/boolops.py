class T(Trait):
    async def execute(self, entity):
        a = entity.vx > 0 and entity.vy > 0
        b = entity.vx > 0 or entity.age
        c = not (entity.age % 2) and 3.5
        e = 0 < entity.vx < 1 < entity.vy or -1
        f = entity.age % 3 and entity.age % 5 and 0.5
        entity.vx = a + (b > 2) + (c or 0) + e
        entity.vy = f
        x = 1 if a else 2 if b else 3
        entity.radius = x + (a is True) + (entity.age is None)
        if a and not b or c: entity.radius += 1
