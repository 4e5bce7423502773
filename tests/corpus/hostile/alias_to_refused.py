# category: dunders; expect: refused; rule: dunder
class A:
    def __eq__(self, other):
        return True

    __getattr__ = __eq__


class Sneaky(Trait):
    async def execute(self, entity):
        pass
