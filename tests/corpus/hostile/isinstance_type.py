# category: libraries; expect: refused; rule: call
class Sneaky(Trait):
    async def execute(self, entity):
        isinstance(self, type)
