# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = 7
        for _ in range(9):
            a = a ** a
