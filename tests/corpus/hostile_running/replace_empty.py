# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        ('a' * 1000).replace('', 'b' * 60_000)
