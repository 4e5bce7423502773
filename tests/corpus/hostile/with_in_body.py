# category: class-bodies; expect: refused; rule: class-body
class Sneaky(Trait):
    with open('f') as f:
        pass

    async def execute(self, entity):
        pass
