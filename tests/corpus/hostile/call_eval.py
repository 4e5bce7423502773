# category: names; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        eval('1+1')
