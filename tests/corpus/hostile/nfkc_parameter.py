# category: unicode; expect: refused; rule: identifier
class Sneaky(Trait):
    def f(self, ｅval):
        return 1

    async def execute(self, entity):
        pass
