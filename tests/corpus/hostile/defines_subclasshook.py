# category: dunders; expect: refused; rule: dunder
class Odd:
    def __subclasshook__(cls, other):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
