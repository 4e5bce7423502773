# category: libraries; expect: refused; rule: call
class Sneaky(Trait):
    async def execute(self, entity):
        type('A', (), {}, metaclass=type(int))
