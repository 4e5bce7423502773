# category: too-large; expect: refused; rule: too-large
class Sneaky(Trait):
    async def execute(self, entity):
        x = 999999999 * (1, 2)
