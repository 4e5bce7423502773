# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        t = (ValueError,)
        for _ in range(20_000):
            t = (t,)
        try:
            raise KeyError
        except t:
            pass
        while entity:
            pass
