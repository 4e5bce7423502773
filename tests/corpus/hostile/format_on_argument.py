# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        (lambda t: t.format(entity))('{0.__class__}')
