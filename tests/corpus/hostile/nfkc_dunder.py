# category: unicode; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        entity.__ｃlass__
