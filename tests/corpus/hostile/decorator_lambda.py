# category: decorators; expect: refused; rule: decorator
@(lambda f: f)
def f():
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
