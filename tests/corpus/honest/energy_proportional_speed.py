class EnergyProportionalSpeed(Trait):
    """Velocity follows the energy reserve."""

    SCALE: float = 2.0

    async def execute(self, entity) -> None:
        share: float = entity.energy / max(entity.max_energy, 1.0)
        speed: float = abs(entity.vx) + abs(entity.vy)
        if speed < 0.01:
            return
        wanted: float = self.SCALE * share
        entity.vx = entity.vx / speed * wanted
        entity.vy = entity.vy / speed * wanted
