# category: dunders; expect: refused; rule: dunder
class Odd:
    def __setattr__(self, name, value):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
