class Momentum(Trait):
    """Smooth the velocity with an exponential moving average."""

    def __init__(self):
        super().__init__()
        self.avg_vx = 0.0
        self.avg_vy = 0.0
        self.alpha = 0.15

    async def execute(self, entity):
        self.avg_vx = self.alpha * entity.vx + (1 - self.alpha) * self.avg_vx
        self.avg_vy = self.alpha * entity.vy + (1 - self.alpha) * self.avg_vy
        entity.vx = 0.5 * entity.vx + 0.5 * self.avg_vx
        entity.vy = 0.5 * entity.vy + 0.5 * self.avg_vy
