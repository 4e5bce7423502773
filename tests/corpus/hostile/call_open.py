# category: names; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        open('f', 'w')
