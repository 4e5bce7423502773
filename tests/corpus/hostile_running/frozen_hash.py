# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        t = (1,) * 60000
        for n in range(10 ** 6):
            {t: 1}
