# category: names; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        globals()['x']
