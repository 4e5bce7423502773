# category: dunders; expect: refused; rule: dunder
class A:
    __dict__: dict = {}


class Sneaky(Trait):
    async def execute(self, entity):
        pass
