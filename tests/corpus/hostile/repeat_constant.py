# category: too-large; expect: refused; rule: too-large
N = 10_000_000_000


class Sneaky(Trait):
    async def execute(self, entity):
        x = [0] * N
