import math


class DensityEstimate(Trait):
    """Compare the density near and farther away; leave where the near one is larger."""

    async def execute(self, entity):
        near = len(entity.nearby_entities(20.0)) / (math.pi * 20.0 ** 2)
        far_group = entity.nearby_entities(60.0)
        far = len(far_group) / (math.pi * 60.0 ** 2)
        if far > 0 and near > 1.5 * far:
            dx = sum(entity.x - o.x for o in far_group)
            dy = sum(entity.y - o.y for o in far_group)
            length = math.sqrt(dx * dx + dy * dy) or 1.0
            entity.move(dx / length, dy / length)
