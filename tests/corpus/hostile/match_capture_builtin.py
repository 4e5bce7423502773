# category: patterns; expect: refused; rule: rebinding
class Sneaky(Trait):
    async def execute(self, entity):
        match entity.x:
            case eval:
                eval('1')
