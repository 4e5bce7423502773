class BiteControl(Trait):
    """Take only what fits: no bite larger than the missing energy."""

    async def execute(self, entity):
        missing = entity.max_energy - entity.energy
        bite = max(0.0, min(missing, 5.0))
        if bite > 0.5:
            entity.eat(bite)
