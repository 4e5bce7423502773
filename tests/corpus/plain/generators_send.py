def averager():
    total, n = 0.0, 0
    avg = None
    while n < 100:
        value = yield avg
        if value is None:
            break
        total += value
        n += 1
        avg = total / n
    return avg

def ring(n, r):
    import math
    for i in range(n):
        a = 2 * math.pi * i / n
        yield r * math.cos(a), r * math.sin(a)

def chained(*its):
    for it in its:
        got = yield from it
        if got is not None:
            yield got

class Gen(Trait):
    async def execute(self, entity):
        avg = averager()
        next(avg)
        last = 0.0
        for other in entity.nearby_entities(80.0):
            last = avg.send(other.energy)
        avg.close()
        pts = list(ring(6, 2.0))
        best = max(pts, key=lambda p: p[0] * entity.vx + p[1] * entity.vy)
        entity.move(*best)
        entity.vx = last * 0.01
        entity.vy = sum(a * b for a, b in chained(ring(3, 1.0), [(1.0, 2.0)]))
