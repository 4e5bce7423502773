# category: formats; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        list(map('{0.__class__}'.format, [entity]))
