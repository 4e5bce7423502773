# category: names; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        delattr(self, 'a')
