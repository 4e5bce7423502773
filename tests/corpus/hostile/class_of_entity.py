# category: libraries; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        entity.__class__.move(entity, 1, 1)
