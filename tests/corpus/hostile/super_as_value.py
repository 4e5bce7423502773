# category: names; expect: refused; rule: call
class Sneaky(Trait):
    async def execute(self, entity):
        s = super
        s(Sneaky, self)
