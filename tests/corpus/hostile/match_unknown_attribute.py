# category: patterns; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        match entity:
            case object(_scene=scene):
                pass
