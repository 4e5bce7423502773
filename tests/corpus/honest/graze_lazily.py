class GrazeLazily(Trait):
    """Eat whatever is in reach; move only if nothing was there."""

    async def execute(self, entity):
        got = entity.eat(2.5)
        if got > 0.0:
            return
        foods = entity.nearby_resources(50)
        if foods:
            nearest = foods[0]
            entity.move(
                max(-1.0, min(1.0, nearest.x - entity.x)),
                max(-1.0, min(1.0, nearest.y - entity.y)),
            )
