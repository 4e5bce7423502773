# category: dunders; expect: refused; rule: dunder
class Odd:
    def __copy__(self):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
