# category: dunders; expect: refused; rule: dunder
class Odd:
    def __reduce_ex__(self, n):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
