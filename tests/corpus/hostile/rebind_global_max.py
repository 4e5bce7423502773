# category: rebinding; expect: refused; rule: rebinding
class Sneaky(Trait):
    async def execute(self, entity):
        global max
        max = None
