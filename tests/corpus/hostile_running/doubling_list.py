# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = [0]
        while len(a) > 0:
            a += a
