# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        f = lambda g: g(g)
        f(f)
