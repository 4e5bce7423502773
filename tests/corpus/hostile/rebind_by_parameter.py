# category: rebinding; expect: refused; rule: dunder
class Sneaky(Trait):
    def f(self, __import__):
        return 1

    async def execute(self, entity):
        self.f(1)
