class PersonalSpace(Trait):
    """Step back from the single closest neighbour."""

    async def execute(self, entity):
        others = entity.nearby_entities(entity.radius * 4)
        if len(others) > 0:
            closest = others[0]
            gap_x = entity.x - closest.x
            gap_y = entity.y - closest.y
            entity.move(gap_x * 0.1, gap_y * 0.1)
