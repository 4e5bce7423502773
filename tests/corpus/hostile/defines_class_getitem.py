# category: dunders; expect: refused; rule: dunder
class Odd:
    def __class_getitem__(cls, item):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
