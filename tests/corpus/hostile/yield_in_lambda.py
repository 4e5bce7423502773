# category: coroutines; expect: refused; rule: yield
class Sneaky(Trait):
    async def execute(self, entity):
        f = lambda: (yield)
        f()
