class RestWhenFull(Trait):
    """No need to run about with a full belly."""

    async def execute(self, entity):
        if entity.energy >= 0.9 * entity.max_energy:
            entity.vx = 0.0
            entity.vy = 0.0
            entity.state = "resting"
        elif entity.state == "resting" and entity.energy < 0.7 * entity.max_energy:
            entity.state = "alive"
