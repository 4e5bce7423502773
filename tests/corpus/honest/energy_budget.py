class EnergyBudget(Trait):
    """Plans how many ticks the energy will last and moves accordingly."""

    BASE_COST = 0.05

    def ticks_left(self, energy: float, speed: float) -> float:
        cost = self.BASE_COST + 0.013 * speed * speed
        return energy / cost

    async def execute(self, entity):
        speed = (entity.vx * entity.vx + entity.vy * entity.vy) ** 0.5
        left = self.ticks_left(entity.energy, speed)
        if left < 200:
            entity.vx *= 0.3
            entity.vy *= 0.3
        elif left > 1500 and speed < 0.5:
            entity.vx += 0.2 if entity.vx >= 0 else -0.2
            entity.vy += 0.2 if entity.vy >= 0 else -0.2
