# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = str(list(range(9999999)))
