# category: class-bodies; expect: refused; rule: class-body
class Sneaky(Trait):
    if True:
        y = 1

    async def execute(self, entity):
        pass
