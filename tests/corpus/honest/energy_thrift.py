class EnergyThrift(Trait):
    """When energy is low, slow down to save it."""

    async def execute(self, entity):
        ratio = entity.energy / entity.max_energy if entity.max_energy > 0 else 0.0
        if ratio < 0.2:
            entity.vx *= 0.5
            entity.vy *= 0.5
        elif ratio < 0.4:
            entity.vx *= 0.8
            entity.vy *= 0.8
