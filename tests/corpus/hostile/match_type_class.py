# category: patterns; expect: refused; rule: call
class Sneaky(Trait):
    async def execute(self, entity):
        match entity:
            case type():
                pass
