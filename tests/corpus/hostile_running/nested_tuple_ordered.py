# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a, b = (), ()
        for _ in range(5000):
            a, b = (a,), (b,)
        a < b
