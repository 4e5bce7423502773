# category: trait; expect: refused; rule: trait
class A(Trait):
    def __init__(self, world):
        pass

    async def execute(self, entity):
        pass
