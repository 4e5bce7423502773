# category: classes; expect: refused; rule: base
class P(super):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
