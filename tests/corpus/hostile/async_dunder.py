# category: dunders; expect: refused; rule: async
class A:
    async def __eq__(self, other):
        return True


class Sneaky(Trait):
    async def execute(self, entity):
        pass
