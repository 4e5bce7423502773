class EnumerateRank(Trait):
    """Weights neighbours by their rank in distance."""

    async def execute(self, entity):
        fx = 0.0
        fy = 0.0
        for rank, other in enumerate(entity.nearby_entities(40.0), start=1):
            if rank > 10:
                break
            fx += (entity.x - other.x) / rank
            fy += (entity.y - other.y) / rank
        entity.vx += 0.01 * fx
        entity.vy += 0.01 * fy
