# category: recursion; expect: stopped
class Box:
    def __init__(self, x):
        self.x = x

    def __format__(self, spec):
        return f'{self.x}'


class Greedy(Trait):
    async def execute(self, entity):
        x = Box(None)
        for _ in range(5_000):
            x = Box(x)
        f'{x}'
