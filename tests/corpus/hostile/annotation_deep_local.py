# category: annotations; expect: refused; rule: annotation
class Sneaky(Trait):
    async def execute(self, entity):
        self.x: print(1) = 3
