class AllCalm(Trait):
    """Follow the group only while all of it is calm."""

    async def execute(self, entity):
        group = entity.nearby_entities(30.0)
        if group and all(abs(o.vx) + abs(o.vy) < 2.0 for o in group):
            entity.vx = 0.8 * entity.vx + 0.2 * group[0].vx
            entity.vy = 0.8 * entity.vy + 0.2 * group[0].vy
