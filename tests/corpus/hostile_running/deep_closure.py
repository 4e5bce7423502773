# category: recursion; expect: stopped
def wrap(f):
    def inner():
        return f()
    return inner


class Greedy(Trait):
    async def execute(self, entity):
        f = len
        for _ in range(20_000):
            f = wrap(f)
        f = None
        while entity:
            pass
