# category: dunders; expect: refused; rule: dunder
class Odd:
    def __deepcopy__(self, memo):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
