# category: defaults; expect: refused; rule: name
class Sneaky(Trait):
    def f(self, a=globals, /):
        return a

    async def execute(self, entity):
        pass
