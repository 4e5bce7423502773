# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = ','.join(['x' * 60000] * 60000)
