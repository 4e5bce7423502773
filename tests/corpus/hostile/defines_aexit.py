# category: dunders; expect: refused; rule: dunder
class Odd:
    def __aexit__(self, *a):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
