import random


class RandomWander(Trait):
    """Brownian wandering when there is nothing else to do."""

    async def execute(self, entity):
        entity.move(random.uniform(-1.0, 1.0), random.uniform(-1.0, 1.0))
