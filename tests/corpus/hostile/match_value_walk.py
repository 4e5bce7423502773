# category: patterns; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        match entity.x:
            case self.__class__.__mro__:
                pass
