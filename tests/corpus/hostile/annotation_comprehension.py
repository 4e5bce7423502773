# category: annotations; expect: refused; rule: annotation
x: [i for i in range(9)] = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
