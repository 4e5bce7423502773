# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = []
        for _ in range(5000):
            a = [a]
        str(a)
