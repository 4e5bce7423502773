class Hibernate(Trait):
    """Hibernate below ten percent energy, wake up when food is right here."""

    WAKE_RADIUS = 8.0

    def __init__(self):
        super().__init__()
        self.asleep = False
        self.slept = 0

    async def execute(self, entity):
        if self.asleep:
            self.slept += 1
            entity.vx = 0.0
            entity.vy = 0.0
            if entity.nearby_resources(self.WAKE_RADIUS) or self.slept > 500:
                self.asleep = False
                self.slept = 0
        elif entity.energy < 0.1 * entity.max_energy:
            self.asleep = True
