# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        object.__new__(type(entity))
