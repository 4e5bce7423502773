# category: class-bodies; expect: refused
class Sneaky(Trait):
    x = (y := 1)

    async def execute(self, entity):
        pass
