# category: decorators; expect: refused; rule: decorator
D = [len]


@D[0]
def f():
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
