# category: class-bodies; expect: refused
class Sneaky(Trait):
    x = [(yield)]

    async def execute(self, entity):
        pass
