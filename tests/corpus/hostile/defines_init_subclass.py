# category: dunders; expect: refused; rule: dunder
class Odd:
    def __init_subclass__(cls):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
