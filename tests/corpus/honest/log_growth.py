import math


class LogGrowth(Trait):
    """Store size follows the logarithm of age."""

    async def execute(self, entity):
        target = 60.0 + 10.0 * math.log1p(entity.age / 100)
        if entity.max_energy < target:
            entity.max_energy = min(entity.max_energy + 0.05, target)
        reach = math.floor(entity.radius) + 1
        entity.eat(reach * 0.5)
