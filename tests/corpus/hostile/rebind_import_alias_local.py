# category: rebinding; expect: refused; rule: rebinding
class Sneaky(Trait):
    async def execute(self, entity):
        import math as m
        m = self
        m.execute
