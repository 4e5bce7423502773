# category: class-bodies; expect: refused; rule: class-body
class Sneaky(Trait):
    len([1])

    async def execute(self, entity):
        pass
