class QuietIfWatched(Trait):
    """Freeze as soon as a much bigger one is near."""

    async def execute(self, entity):
        threat = any(o.radius > 1.4 * entity.radius for o in entity.nearby_entities(40.0))
        if threat:
            entity.vx *= 0.1
            entity.vy *= 0.1
            entity.state = "hiding"
        elif entity.state == "hiding":
            entity.state = "alive"
