# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = pow(9, entity.age + 10 ** 7)
