# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        '{.__class__}'.format(entity)
