# category: libraries; expect: refused; rule: constant
class Sneaky(Trait):
    async def execute(self, entity):
        x = 99999999999999999999
