class SlowStartLearning(Trait):
    """Hill climbing on the own speed: keep a change if energy went up, revert it if not."""

    def __init__(self):
        super().__init__()
        self.speed = 1.0
        self.delta = 0.1
        self.last_energy = 0.0
        self.ticks = 0

    async def execute(self, entity):
        self.ticks += 1
        if self.ticks % 60 == 0:
            if entity.energy < self.last_energy:
                self.speed -= self.delta
                self.delta = -self.delta
            self.speed = max(0.2, min(2.0, self.speed + self.delta))
            self.last_energy = entity.energy
        magnitude = (entity.vx ** 2 + entity.vy ** 2) ** 0.5
        if magnitude > 1e-6:
            entity.vx = entity.vx / magnitude * self.speed
            entity.vy = entity.vy / magnitude * self.speed
