from functools import partial, reduce
import math


def attraction(strength, dx, dy):
    d = math.hypot(dx, dy) + 1.0
    return (strength * dx / d, strength * dy / d)


class PartialReduce(Trait):
    """Functional style: partial and reduce over the visible food."""

    async def execute(self, entity):
        pull = partial(attraction, 0.5)
        pulls = [pull(r.x - entity.x, r.y - entity.y) for r in entity.nearby_resources(50.0)]
        fx, fy = reduce(lambda a, b: (a[0] + b[0], a[1] + b[1]), pulls, (0.0, 0.0))
        entity.vx += 0.1 * fx
        entity.vy += 0.1 * fy
