# category: classes; expect: refused; rule: base
class S(str):
    def __eq__(self, other):
        return True


class Sneaky(Trait):
    async def execute(self, entity):
        pass
