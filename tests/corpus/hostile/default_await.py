# category: defaults; expect: refused
async def g():
    return 1


class Sneaky(Trait):
    async def f(self, a=[await g()]):
        return a

    async def execute(self, entity):
        pass
