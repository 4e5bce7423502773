# category: decorators; expect: refused
@object.__init_subclass__
def f():
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
