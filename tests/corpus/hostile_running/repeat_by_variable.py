# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        n = 10
        for _ in range(9):
            n *= 10
        a = [0] * n
