from itertools import combinations, islice


class ItertoolsPairs(Trait):
    """Fit between the closest pair of the five nearest neighbours."""

    async def execute(self, entity):
        nearest = list(islice(entity.nearby_entities(50.0), 5))
        best = None
        for a, b in combinations(nearest, 2):
            gap = (a.x - b.x) ** 2 + (a.y - b.y) ** 2
            if best is None or gap < best[0]:
                best = (gap, (a.x + b.x) / 2, (a.y + b.y) / 2)
        if best is not None:
            _, mid_x, mid_y = best
            entity.move(0.05 * (mid_x - entity.x), 0.05 * (mid_y - entity.y))
