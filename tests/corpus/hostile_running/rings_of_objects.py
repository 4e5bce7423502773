# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        for _ in range(3_000):
            a = ['x' * 30]
            a.append(a)
        while entity:
            pass
