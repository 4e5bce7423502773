# category: formats; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        f'{(lambda e: e.__dict__)(entity)!r:>5}'
