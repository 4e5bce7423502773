# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        w = 10 ** 9
        f'{entity.x:{w}}'
