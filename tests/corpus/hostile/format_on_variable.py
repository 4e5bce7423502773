# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        t = '{0.__cl' + 'ass__}'
        t.format(entity)
