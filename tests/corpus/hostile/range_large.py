# category: too-large; expect: refused; rule: too-large
class Sneaky(Trait):
    async def execute(self, entity):
        list(range(10 ** 12))
