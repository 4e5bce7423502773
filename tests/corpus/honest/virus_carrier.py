class VirusCarrier(Trait):
    """Avoid those who carry the FeverTrait; stay with the healthy."""

    async def execute(self, entity):
        for other in entity.nearby_entities(40.0):
            if "FeverTrait" in other.traits:
                dx = entity.x - other.x
                dy = entity.y - other.y
                entity.vx += 0.02 * dx
                entity.vy += 0.02 * dy
