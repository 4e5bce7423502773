# category: decorators; expect: refused
@(d := staticmethod)
def f():
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
