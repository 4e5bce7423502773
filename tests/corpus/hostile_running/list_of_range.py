# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        n = 9999999
        a = list(range(n))
