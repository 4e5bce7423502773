# category: decorators; expect: refused
class Sneaky(Trait):
    @property.fget.setter
    def a(self):
        return 1

    async def execute(self, entity):
        pass
