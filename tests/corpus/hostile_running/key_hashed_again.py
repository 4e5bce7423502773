# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        t = tuple(range(500))
        s = {(t, n) for n in range(40)}
        while entity:
            s & s
