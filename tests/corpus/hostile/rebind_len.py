# category: rebinding; expect: refused; rule: rebinding
def len(x):
    return 0


class Sneaky(Trait):
    async def execute(self, entity):
        pass
