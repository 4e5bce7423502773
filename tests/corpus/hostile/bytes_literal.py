# category: libraries; expect: refused; rule: constant
class Sneaky(Trait):
    async def execute(self, entity):
        list(b'\x00abc')
