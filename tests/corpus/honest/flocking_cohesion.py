class FlockingCohesion(Trait):
    """Boids rule three: drift to the centre of the group."""

    async def execute(self, entity):
        xs = [o.x for o in entity.nearby_entities(50.0)]
        ys = [o.y for o in entity.nearby_entities(50.0)]
        if len(xs) < 2:
            return
        center_x = sum(xs) / len(xs)
        center_y = sum(ys) / len(ys)
        entity.move((center_x - entity.x) * 0.02, (center_y - entity.y) * 0.02)
