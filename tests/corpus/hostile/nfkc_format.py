# category: unicode; expect: refused; rule: identifier
class Sneaky(Trait):
    async def execute(self, entity):
        f = '{0.x}'.ｆormat
