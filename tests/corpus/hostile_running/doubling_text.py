# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = 'x'
        for _ in range(64):
            a += a
