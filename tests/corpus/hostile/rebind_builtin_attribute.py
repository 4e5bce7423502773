# category: rebinding; expect: refused; rule: rebinding
class Sneaky(Trait):
    async def execute(self, entity):
        len.x = 1
