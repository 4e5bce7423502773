# category: trait; expect: refused; rule: trait
class A(Trait):
    async def run(self, entity):
        pass
