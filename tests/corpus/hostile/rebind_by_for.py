# category: rebinding; expect: refused; rule: rebinding
class Sneaky(Trait):
    async def execute(self, entity):
        for eval in [1]:
            pass
