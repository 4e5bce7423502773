# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = [0]
        a *= entity.age + 10 ** 8
