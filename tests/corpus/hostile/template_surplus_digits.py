# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        '{:0000000000000000000000099999999999d}'.format(3)
