# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        parts = ['a' * 60_000] * 60_000
        ''.join(parts)
