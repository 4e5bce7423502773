# category: endless; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = [1]
        for n in a:
            a.append(n)
