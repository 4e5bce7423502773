# category: defaults; expect: refused
class Sneaky(Trait):
    def f(self, a=(b := 1)):
        return a

    async def execute(self, entity):
        pass
