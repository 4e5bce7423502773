# category: too-large; expect: refused; rule: too-large
class Sneaky(Trait):
    async def execute(self, entity):
        'a'.ljust(10 ** 9)
