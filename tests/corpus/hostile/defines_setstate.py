# category: dunders; expect: refused; rule: dunder
class Odd:
    def __setstate__(self, s):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
