import math


class SigmoidAppetite(Trait):
    """Appetite as a logistic function of the missing energy."""

    @staticmethod
    def sigmoid(x: float) -> float:
        return 1.0 / (1.0 + math.exp(-x))

    async def execute(self, entity):
        missing = entity.max_energy - entity.energy
        appetite = self.sigmoid(0.1 * (missing - 30.0))
        if appetite > 0.1:
            entity.eat(6.0 * appetite)
