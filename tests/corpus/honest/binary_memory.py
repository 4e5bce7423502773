class BinaryMemory(Trait):
    """Keeps the last 32 ticks of 'was there food' as bits of one integer."""

    MASK = 0xFFFFFFFF

    def __init__(self):
        self.history = 0

    async def execute(self, entity):
        seen = 1 if entity.nearby_resources(30.0) else 0
        self.history = ((self.history << 1) | seen) & self.MASK
        recent = self.history & 0xFF
        count = 0
        while recent:
            count += recent & 1
            recent >>= 1
        if count >= 6:
            entity.vx *= 0.7
            entity.vy *= 0.7
        elif count == 0:
            entity.vx *= 1.1
            entity.vy *= 1.1
