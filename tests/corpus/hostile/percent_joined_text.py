# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        ('%99' + '9999999d') % 1
