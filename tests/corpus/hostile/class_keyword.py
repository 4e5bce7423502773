# category: classes; expect: refused; rule: keyword
class A(object, extra=1):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
