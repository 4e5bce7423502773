# category: dunders; expect: refused; rule: dunder
class A:
    __slots__ = ('__dict__',)


class Sneaky(Trait):
    async def execute(self, entity):
        pass
