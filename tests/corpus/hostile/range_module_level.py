# category: too-large; expect: refused; rule: too-large
T = [0 for _ in range(10 ** 10)]


class Sneaky(Trait):
    async def execute(self, entity):
        pass
