class FlockingAlignment(Trait):
    """Boids rule two: match the mean velocity of the neighbours."""

    RADIUS = 40.0
    WEIGHT = 0.1

    async def execute(self, entity) -> None:
        flock = entity.nearby_entities(self.RADIUS)
        count = len(flock)
        if count == 0:
            return
        mean_vx = sum(o.vx for o in flock) / count
        mean_vy = sum(o.vy for o in flock) / count
        entity.vx += (mean_vx - entity.vx) * self.WEIGHT
        entity.vy += (mean_vy - entity.vy) * self.WEIGHT
