# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        class New:
            pass
        for _ in range(3_000):
            class New(New):
                pass
        New().a
