"""Well for 600 calls, longer than its trial; then every call divides by zero."""


class FaultsLate(Trait):
    def __init__(self):
        self.calls = 0

    async def execute(self, entity):
        self.calls += 1
        if self.calls > 600:
            entity.energy = 1.0 / (self.calls - self.calls)
