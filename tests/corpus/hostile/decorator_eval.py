# category: decorators; expect: refused
@eval
def f():
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
