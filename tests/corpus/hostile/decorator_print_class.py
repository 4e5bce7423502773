# category: decorators; expect: refused; rule: decorator
@str
class A:
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
