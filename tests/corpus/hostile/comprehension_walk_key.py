# category: comprehensions; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        {e.__class__: 1 for e in [entity]}
