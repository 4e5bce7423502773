# category: dunders; expect: refused; rule: dunder
class Odd:
    def __set_name__(self, owner, name):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
