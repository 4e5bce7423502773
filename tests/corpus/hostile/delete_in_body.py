# category: class-bodies; expect: refused; rule: class-body
class Sneaky(Trait):
    x = 1
    del x

    async def execute(self, entity):
        pass
