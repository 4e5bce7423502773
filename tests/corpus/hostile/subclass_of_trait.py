# category: trait; expect: refused; rule: trait
class A(Trait):
    async def execute(self, entity):
        pass


class B(A):
    pass
