# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        d = {0: 0}
        while entity:
            d |= {k + len(d): 0 for k in d}
