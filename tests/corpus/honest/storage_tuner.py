class StorageTuner(Trait):
    """Adapts the energy store to how often it was full."""

    def __init__(self):
        self.full_ticks = 0
        self.total_ticks = 0

    async def execute(self, entity):
        self.total_ticks += 1
        if entity.energy > entity.max_energy - 1.0:
            self.full_ticks += 1
        if self.total_ticks == 200:
            share = self.full_ticks / self.total_ticks
            if share > 0.5:
                entity.max_energy = min(entity.max_energy * 1.02, 150.0)
            elif share < 0.1:
                entity.max_energy = max(entity.max_energy * 0.99, 60.0)
            self.full_ticks = 0
            self.total_ticks = 0
