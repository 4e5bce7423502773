# category: endless; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        [0 for a in range(9999) for b in range(9999)]
