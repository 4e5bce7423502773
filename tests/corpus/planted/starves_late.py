"""Well for 600 calls, longer than its trial; then it throws its energy away."""


class StarvesLate(Trait):
    def __init__(self):
        self.calls = 0

    async def execute(self, entity):
        self.calls += 1
        if self.calls > 600:
            entity.energy = entity.energy * 0.9
