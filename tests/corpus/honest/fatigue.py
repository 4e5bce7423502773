class Fatigue(Trait):
    """Fatigue grows with speed and heals at rest; a tired body is slow."""

    def __init__(self):
        super().__init__()
        self.fatigue = 0.0

    async def execute(self, entity):
        speed_sq = entity.vx * entity.vx + entity.vy * entity.vy
        self.fatigue += 0.01 * speed_sq
        self.fatigue -= 0.02
        if self.fatigue < 0.0:
            self.fatigue = 0.0
        if self.fatigue > 1.0:
            self.fatigue = 1.0
        entity.vx *= 1.0 - 0.4 * self.fatigue
        entity.vy *= 1.0 - 0.4 * self.fatigue
