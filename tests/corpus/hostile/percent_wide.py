# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        '%999999999d' % 1
