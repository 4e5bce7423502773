# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        '%*d' % (10 ** 9, 1)
