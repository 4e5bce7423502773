class Countdown:
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        return self
    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n
class Seq:
    def __getitem__(self, i):
        if i > 3:
            raise IndexError
        return i * 10
class It(Trait):
    async def execute(self, entity):
        c = Countdown(5)
        first = next(c)
        rest = list(c)
        a, b, *others = Countdown(4)
        entity.vx = first + sum(rest) * 0.1 + a + b * 0.1 + len(others) + next(c, 7) * 0.01
        entity.vy = sum(Seq()) * 0.1 + (20 in Seq())
        entity.radius = 1.0 + sum(1 for _ in zip(Seq(), Countdown(2))) + max(Countdown(3)) * 0.1
