# category: class-bodies; expect: refused; rule: class-body
class Sneaky(Trait):
    raise ValueError

    async def execute(self, entity):
        pass
