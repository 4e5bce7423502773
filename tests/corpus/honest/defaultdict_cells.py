from collections import defaultdict


class DefaultdictCells(Trait):
    """Bins the neighbours into cells and moves to the emptiest side."""

    async def execute(self, entity):
        cells = defaultdict(int)
        for other in entity.nearby_entities(40.0):
            key = (int(other.x > entity.x), int(other.y > entity.y))
            cells[key] += 1
        sides = [(0, 0), (0, 1), (1, 0), (1, 1)]
        east, south = min(sides, key=lambda side: cells[side])
        entity.move(0.5 if east else -0.5, 0.5 if south else -0.5)
