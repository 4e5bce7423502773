# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        t = '%' + str(10 ** 9) + 'd'
        a = t % 1
