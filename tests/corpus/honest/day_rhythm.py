import math

DAY_LENGTH = 3600


class DayRhythm(Trait):
    """Active by day, quiet by night; the phase is read from the own age."""

    async def execute(self, entity):
        phase = (entity.age % DAY_LENGTH) / DAY_LENGTH
        activity = 0.5 * (1 + math.sin(2 * math.pi * phase))
        entity.vx *= 0.7 + 0.3 * activity
        entity.vy *= 0.7 + 0.3 * activity
        if activity > 0.5:
            entity.eat(2.0 * activity)
