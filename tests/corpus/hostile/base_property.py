# category: classes; expect: refused; rule: base
class P(property):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
