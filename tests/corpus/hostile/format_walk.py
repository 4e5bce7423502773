# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        '{0.__class__.__init__.__globals__}'.format(entity)
