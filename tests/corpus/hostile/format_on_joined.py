# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        ('{0.__cl' + 'ass__}').format(entity)
