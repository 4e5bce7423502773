# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = iter([1])
        for _ in range(5000):
            a = map(abs, a)
        list(a)
