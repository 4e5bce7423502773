# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        ('\t' * 1000).expandtabs(len('a' * 1000) * 100)
