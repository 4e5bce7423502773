# category: rebinding; expect: refused; rule: rebinding
class Trait:
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
