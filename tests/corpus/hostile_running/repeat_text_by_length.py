# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        n = len(entity.id) * 999999
        a = 'x' * (n * n)
