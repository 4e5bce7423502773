# category: formats; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        f'{entity.__class__.__mro__}'
