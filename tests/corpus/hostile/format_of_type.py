# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        str.format('{0.__class__}', entity)
