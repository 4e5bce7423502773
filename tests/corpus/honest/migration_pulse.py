class MigrationPulse(Trait):
    """Every generation migrates in its own direction, in pulses of 400 ticks."""

    PULSE = 400

    async def execute(self, entity):
        if (entity.age // self.PULSE) % 3 != 0:
            return
        direction = entity.generation % 4
        step = 0.5
        if direction == 0:
            entity.x += step
        elif direction == 1:
            entity.y += step
        elif direction == 2:
            entity.x -= step
        else:
            entity.y -= step
