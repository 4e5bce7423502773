# category: too-large; expect: refused; rule: too-large
class Sneaky(Trait):
    async def execute(self, entity):
        x = 'a' * 1000000000
