# category: classes; expect: refused; rule: base
class L(list):
    def grow(self):
        super().extend(self)


class Sneaky(Trait):
    async def execute(self, entity):
        pass
