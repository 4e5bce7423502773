class EnergyGuard:
    """Context manager that notes how much energy a block has cost."""

    def __init__(self, entity):
        self.entity = entity
        self.before = 0.0
        self.spent = 0.0

    def __enter__(self):
        self.before = self.entity.energy
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.spent = self.before - self.entity.energy
        return False


class ContextEnergy(Trait):
    """Stop moving when a step was too expensive."""

    async def execute(self, entity):
        with EnergyGuard(entity) as guard:
            entity.move(entity.vx * 0.2, entity.vy * 0.2)
        if guard.spent > 0.05:
            entity.vx *= 0.8
            entity.vy *= 0.8
