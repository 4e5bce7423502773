# category: defaults; expect: refused; rule: dunder
class Sneaky(Trait):
    def f(self, *, a=len.__self__):
        return a

    async def execute(self, entity):
        pass
