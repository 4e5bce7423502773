import math

SECTORS = 6


class SectorScan(Trait):
    """Counts food in six sectors and goes where most of it is."""

    async def execute(self, entity):
        counts = [0.0] * SECTORS
        for food in entity.nearby_resources(70.0):
            angle = math.atan2(food.y - entity.y, food.x - entity.x)
            sector = int((angle + math.pi) / (2 * math.pi) * SECTORS) % SECTORS
            counts[sector] += food.amount
        best = max(counts)
        if best <= 0:
            return
        direction = (counts.index(best) + 0.5) / SECTORS * 2 * math.pi - math.pi
        entity.move(math.cos(direction), math.sin(direction))
