# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = [0] * 60000
        b = [0] * 60000
        for _ in range(10 ** 5):
            a == b
