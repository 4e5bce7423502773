# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        f = lambda x: list(map(f, [x]))
        f(1)
