import math


class TrailCompass(Trait):
    """Dead reckoning: integrate the way walked and return to the start when tired."""

    def __init__(self) -> None:
        super().__init__()
        self.off_x: float = 0.0
        self.off_y: float = 0.0
        self.prev_x: float = -1.0
        self.prev_y: float = -1.0
        self.returning: bool = False

    async def execute(self, entity) -> None:
        if self.prev_x >= 0.0:
            self.off_x += entity.x - self.prev_x
            self.off_y += entity.y - self.prev_y
        self.prev_x, self.prev_y = entity.x, entity.y

        way = math.hypot(self.off_x, self.off_y)
        if not self.returning and entity.energy < 30.0 and way > 5.0:
            self.returning = True
        if self.returning:
            if way < 2.0 or entity.energy > 60.0:
                self.returning = False
            else:
                entity.move(-self.off_x / way, -self.off_y / way)
