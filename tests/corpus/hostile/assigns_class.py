# category: dunders; expect: refused; rule: dunder
class A:
    __class__ = int


class Sneaky(Trait):
    async def execute(self, entity):
        pass
