# category: classes; expect: refused; rule: base
class A(type('B', (), {})):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
