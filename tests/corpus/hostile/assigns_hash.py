# category: dunders; expect: refused; rule: dunder
class A:
    __hash__ = lambda self: 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
