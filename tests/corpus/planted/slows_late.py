"""Well for 600 calls, longer than its trial; then every call takes all the fuel it may have."""


class SlowsLate(Trait):
    def __init__(self):
        self.calls = 0

    async def execute(self, entity):
        self.calls += 1
        if self.calls > 600:
            wasted = 0.0
            for step in range(200000):
                wasted = wasted * 0.5 + step
            entity.vx = entity.vx + wasted * 0.0
