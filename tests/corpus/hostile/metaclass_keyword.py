# category: classes; expect: refused; rule: keyword
class A(metaclass=type):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
