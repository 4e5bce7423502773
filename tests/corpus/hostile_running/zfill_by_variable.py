# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        n = entity.age + 10 ** 9
        a = '1'.zfill(n)
