# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        '%.*f' % (len('a' * 1000) * 1000_000, 1.5)
