class ChainedComfort(Trait):
    """A comfort zone in energy: inside it, relax; outside it, hurry."""

    async def execute(self, entity):
        share = entity.energy / max(entity.max_energy, 1e-9)
        comfortable = 0.35 <= share < 0.85
        young = 0 <= entity.age < 600
        if comfortable and not young:
            entity.vx, entity.vy = entity.vx * 0.85, entity.vy * 0.85
        elif share < 0.35:
            entity.eat(5.0)
        else:
            entity.eat(1.0)
