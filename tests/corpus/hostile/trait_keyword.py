# category: trait; expect: refused; rule: keyword
class A(Trait, fuel=10):
    async def execute(self, entity):
        pass
