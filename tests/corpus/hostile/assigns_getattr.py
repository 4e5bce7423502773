# category: dunders; expect: refused; rule: dunder
class A:
    __getattr__ = len


class Sneaky(Trait):
    async def execute(self, entity):
        pass
