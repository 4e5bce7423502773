class ColourByEnergy(Trait):
    """Show how one is doing: red when starving, green when fine."""

    async def execute(self, entity):
        share = entity.energy / entity.max_energy if entity.max_energy else 0.0
        if share < 0.25:
            entity.color = "#d03030"
        elif share < 0.6:
            entity.color = "#d0b030"
        else:
            entity.color = "#30b050"
