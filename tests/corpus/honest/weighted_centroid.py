class WeightedCentroid(Trait):
    """Head for the centroid of visible food, weighted by amount."""

    async def execute(self, entity):
        resources = entity.nearby_resources(90.0)
        total = sum(r.amount for r in resources)
        if total <= 0:
            return
        cx = sum(r.x * r.amount for r in resources) / total
        cy = sum(r.y * r.amount for r in resources) / total
        entity.vx += 0.02 * (cx - entity.x)
        entity.vy += 0.02 * (cy - entity.y)
