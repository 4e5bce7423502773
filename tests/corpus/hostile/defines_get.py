# category: dunders; expect: refused; rule: dunder
class Odd:
    def __get__(self, a, b):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
