# category: decorators; expect: refused; rule: trait
class Sneaky(Trait):
    @staticmethod
    async def execute(self, entity):
        pass
