class SatedDrift(Trait):
    def __init__(self):
        self.last_energy = -1.0
        self.gains = 0

    async def execute(self, entity):
        # Remember whether the last tick was a good one.
        if self.last_energy >= 0.0 and entity.energy > self.last_energy:
            self.gains += 1
        else:
            self.gains = max(0, self.gains - 1)
        self.last_energy = entity.energy
        # A good place is worth staying at.
        if self.gains > 3:
            entity.vx *= 0.6
            entity.vy *= 0.6
