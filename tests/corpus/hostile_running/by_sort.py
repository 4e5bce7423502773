# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        f = lambda x: sorted([1, 2], key=f)
        f(1)
