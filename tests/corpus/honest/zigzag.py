class Zigzag(Trait):
    """Zigzag walk: swaps the side every seven ticks."""

    def __init__(self):
        self.count = 0
        self.side = 1

    async def execute(self, entity):
        self.count += 1
        if self.count % 7 == 0:
            self.side = -self.side
        entity.move(0.8, 0.8 * self.side)
