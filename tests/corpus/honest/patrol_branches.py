class PatrolBranches(Trait):
    """Patrol north, east, south, west for fifty ticks each."""

    LEG_TICKS = 50

    def __init__(self):
        self.ticks = 0
        self.leg = 0

    async def execute(self, entity):
        self.ticks += 1
        if self.ticks >= self.LEG_TICKS:
            self.ticks = 0
            self.leg = (self.leg + 1) % 4
        if self.leg == 0:
            entity.move(0.0, -1.0)
        elif self.leg == 1:
            entity.move(1.0, 0.0)
        elif self.leg == 2:
            entity.move(0.0, 1.0)
        else:
            entity.move(-1.0, 0.0)
