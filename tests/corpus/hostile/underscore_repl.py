# category: names; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        _.__class__
