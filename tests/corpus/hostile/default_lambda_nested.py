# category: defaults; expect: refused; rule: name
class Sneaky(Trait):
    def f(self, a=lambda b=vars: b):
        return a

    async def execute(self, entity):
        pass
