# category: dunders; expect: refused; rule: dunder
class Bad(Exception):
    def __str__(self):
        return super().__str__()


class Sneaky(Trait):
    async def execute(self, entity):
        str(Bad(object()))
