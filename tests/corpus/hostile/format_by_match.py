# category: formats; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        match '{0.__class__}':
            case str(format=f):
                f(entity)
