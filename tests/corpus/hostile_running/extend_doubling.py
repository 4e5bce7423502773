# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = [1]
        while entity:
            a.extend(a)
