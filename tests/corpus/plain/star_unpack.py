def args(*a, **k):
    return len(a) + sum(k.values())
class Star(Trait):
    async def execute(self, entity):
        first, *mid, last = [1.0, 2.0, 3.0, 4.0]
        (a, b), c = (1, 2), 3
        [d, *_] = range(5)
        merged = {**{"x": 1}, "y": 2}
        entity.vx = args(*mid, first, **merged) + last * 0.1
        entity.vy = a + b * 0.1 + c * 0.01 + d
        x = y = [0]
        y += [1]
        entity.radius = 1.0 + len(x) * 0.5
        for i, (p, q) in enumerate(zip("ab", [1, 2]), start=1):
            entity.vx += i * q * 0.01
        else:
            entity.vx += 0.5
