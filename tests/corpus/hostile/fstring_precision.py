# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        f'{entity.x:.900000000f}'
