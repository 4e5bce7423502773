# category: libraries; expect: refused; rule: constant
class Sneaky(Trait):
    async def execute(self, entity):
        entity.move((1j * 1j).real, 0)
