class Hermit(Trait):
    """A hermit walks away from everybody, always."""

    async def execute(self, entity):
        others = entity.nearby_entities(100.0)
        if others == []:
            return
        dx = entity.x - sum([o.x for o in others]) / len(others)
        dy = entity.y - sum([o.y for o in others]) / len(others)
        m = max(abs(dx), abs(dy))
        if m == 0:
            return
        entity.move(dx / m, dy / m)
