# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        kept = None
        for _ in range(20_000):
            try:
                raise ValueError from kept
            except ValueError as e:
                kept = e
        kept = None
        while entity:
            pass
