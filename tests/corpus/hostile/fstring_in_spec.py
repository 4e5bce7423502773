# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        f'{1:{entity.__class__}}'
