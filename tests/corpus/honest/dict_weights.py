WEIGHTS = {"food": 1.0, "crowd": -0.4, "inertia": 0.5}


class DictWeights(Trait):
    """Weighted drives from a dictionary of constants."""

    async def execute(self, entity):
        dx = WEIGHTS["inertia"] * entity.vx
        dy = WEIGHTS["inertia"] * entity.vy
        for kind, things in (
            ("food", entity.nearby_resources(40.0)),
            ("crowd", entity.nearby_entities(20.0)),
        ):
            for thing in things[:3]:
                dx += WEIGHTS[kind] * (thing.x - entity.x) * 0.05
                dy += WEIGHTS[kind] * (thing.y - entity.y) * 0.05
        entity.move(dx, dy)
