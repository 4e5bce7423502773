# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        '{e._scene}'.format(e=entity)
