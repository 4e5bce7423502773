# category: annotations; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        x: (y := 1) = 2
