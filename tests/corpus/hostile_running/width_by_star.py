# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        '%*d' % (len('a' * 1000) * 1000_000, 1)
