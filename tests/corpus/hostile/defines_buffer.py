# category: dunders; expect: refused; rule: dunder
class Odd:
    def __buffer__(self, flags):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
