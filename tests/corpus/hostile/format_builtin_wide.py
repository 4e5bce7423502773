# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        format(1, '>99999999')
