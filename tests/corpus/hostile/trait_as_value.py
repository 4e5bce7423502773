# category: names; expect: refused; rule: rebinding
class Sneaky(Trait):
    async def execute(self, entity):
        Trait.execute = None
