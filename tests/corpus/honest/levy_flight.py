import math
import random


class LevyFlight(Trait):
    """Many short steps, now and then a very long one."""

    def __init__(self):
        super().__init__()
        self.remaining = 0.0
        self.dir_x = 1.0
        self.dir_y = 0.0

    async def execute(self, entity):
        if self.remaining <= 0.0:
            u = max(random.random(), 1e-6)
            self.remaining = min(2.0 * u ** (-1.0 / 1.5), 300.0)
            theta = random.uniform(0.0, 2.0 * math.pi)
            self.dir_x = math.cos(theta)
            self.dir_y = math.sin(theta)
        stride = min(1.5, self.remaining)
        entity.move(self.dir_x * stride, self.dir_y * stride)
        self.remaining -= stride
