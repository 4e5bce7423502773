# category: classes; expect: refused; rule: base
class A(type):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
