class EldersLead(Trait):
    """Young ones follow the oldest neighbour in sight."""

    async def execute(self, entity):
        if entity.age > 1500:
            return
        elders = [o for o in entity.nearby_entities(60.0) if o.age > entity.age + 300]
        if not elders:
            return
        oldest = max(elders, key=lambda o: o.age)
        entity.vx += 0.01 * (oldest.x - entity.x)
        entity.vy += 0.01 * (oldest.y - entity.y)
