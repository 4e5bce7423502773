# category: class-bodies; expect: refused; rule: name
class Sneaky(Trait):
    x = eval('1')

    async def execute(self, entity):
        pass
