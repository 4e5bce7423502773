# category: names; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        x = __debug__
