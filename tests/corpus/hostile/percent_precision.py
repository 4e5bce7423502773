# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        '%.*f' % (10 ** 9, 1.0)
