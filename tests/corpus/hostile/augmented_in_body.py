# category: class-bodies; expect: refused; rule: class-body
class Sneaky(Trait):
    x = 1
    x += 1

    async def execute(self, entity):
        pass
