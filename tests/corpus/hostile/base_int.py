# category: classes; expect: refused; rule: base
class I(int):
    def __float__(self):
        return 1.0


class Sneaky(Trait):
    async def execute(self, entity):
        pass
