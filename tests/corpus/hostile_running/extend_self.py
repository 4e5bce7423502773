# category: endless; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = [1]
        a.extend(x for x in a)
