class FoodMemory(Trait):
    """Remember the last good place and walk back when nothing is in sight."""

    def __init__(self):
        super().__init__()
        self.memory_x = 0.0
        self.memory_y = 0.0
        self.has_memory = False
        self.stale = 0

    async def execute(self, entity):
        foods = entity.nearby_resources(40.0)
        if foods:
            richest = max(foods, key=lambda f: f.amount)
            self.memory_x = richest.x
            self.memory_y = richest.y
            self.has_memory = True
            self.stale = 0
            entity.eat(5.0)
        elif self.has_memory:
            self.stale += 1
            if self.stale > 300:
                self.has_memory = False
                return
            dx = self.memory_x - entity.x
            dy = self.memory_y - entity.y
            if dx * dx + dy * dy > 9.0:
                entity.move(0.05 * dx, 0.05 * dy)
