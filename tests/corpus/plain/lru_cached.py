from functools import lru_cache, cache, partial, reduce, wraps, cached_property
import math

@lru_cache(maxsize=64)
def falloff(d: int) -> float:
    return 1.0 / (1.0 + d * d)

@cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def clamped(low, high):
    def deco(fn):
        @wraps(fn)
        def inner(*args, **kwargs):
            return max(low, min(high, fn(*args, **kwargs)))
        return inner
    return deco

@clamped(-2.0, 2.0)
def pull(dx, gain=1.0):
    """Pull."""
    return dx * gain

class Profile:
    def __init__(self, e):
        self.e = e
    @cached_property
    def need(self):
        return 1.0 - self.e / 100.0

class Cached(Trait):
    async def execute(self, entity):
        near = entity.nearby_resources(80.0)
        weights = [falloff(int(math.dist((r.x, r.y), (entity.x, entity.y)))) for r in near]
        total = reduce(lambda a, b: a + b, weights, 0.0)
        scale = partial(pull, gain=0.1)
        entity.vx = scale(total * 5.0) + Profile(entity.energy).need * 0.1
        entity.vy = fib(12) / 144.0
        if pull.__name__ == "pull":
            entity.radius = 2.0
