# category: formats; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        f = '{0.__class__}'.format
        f(entity)
