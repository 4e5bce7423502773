# category: defaults; expect: refused; rule: dunder
class Sneaky(Trait):
    def f(self, a=().__class__):
        return a

    async def execute(self, entity):
        pass
