# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        for n in range(10 ** 6):
            f'{n:>255}{n:>255}{n:>255}{n:>255}'
