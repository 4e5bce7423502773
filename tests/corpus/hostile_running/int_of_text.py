# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = int('9' * 60000)
