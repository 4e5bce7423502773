# category: dunders; expect: refused; rule: dunder
class D(dict):
    def f(self):
        return super().__or__(self)


class Sneaky(Trait):
    async def execute(self, entity):
        D().f()
