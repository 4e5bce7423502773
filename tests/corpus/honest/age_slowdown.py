class AgeSlowdown(Trait):
    """Old bodies move more slowly."""

    OLD_AGE = 3000

    async def execute(self, entity):
        if entity.age < self.OLD_AGE:
            return
        frailty = min((entity.age - self.OLD_AGE) / 3000, 1.0)
        factor = 1.0 - 0.6 * frailty
        entity.vx = entity.vx * factor
        entity.vy = entity.vy * factor
