# category: trait; expect: refused; rule: trait
class A(Trait):
    async def execute(self, entity):
        pass

    async def execute(self, entity):
        entity.x = 0
