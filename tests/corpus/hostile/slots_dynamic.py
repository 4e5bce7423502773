# category: dunders; expect: refused; rule: dunder
class A:
    __slots__ = [c * 2 for c in 'ab']


class Sneaky(Trait):
    async def execute(self, entity):
        pass
