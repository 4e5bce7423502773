# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = []
        a.append(a)
        b = []
        b.append(b)
        a == b
