# category: too-large; expect: refused; rule: too-large
class Sneaky(Trait):
    async def execute(self, entity):
        sum(range(10 ** 15))
