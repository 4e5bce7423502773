# category: formats; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        '{0.__class__}'.format.__self__
