# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        f = abs
        for _ in range(5000):
            f = (lambda g: lambda x: g(x))(f)
        f(1)
