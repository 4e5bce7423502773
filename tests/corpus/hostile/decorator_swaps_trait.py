# category: decorators; expect: refused; rule: decorator
def swap(cls):
    return 7


@swap
class Sneaky(Trait):
    async def execute(self, entity):
        pass
