# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        '{:.999999999f}'.format(1.0)
