# category: unicode; expect: refused; rule: identifier
class Sneaky(Trait):
    async def execute(self, entity):
        dict(__ｃlass__=1)
