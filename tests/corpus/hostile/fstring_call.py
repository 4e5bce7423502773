# category: formats; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        f'{eval("1")}'
