# category: dunders; expect: refused; rule: dunder
class Odd:
    def __delattr__(self, name):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
