# category: annotations; expect: refused; rule: annotation
class Sneaky(Trait):
    def f(self, a: '__builtins__'):
        return a

    async def execute(self, entity):
        pass
