# category: patterns; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        match {}:
            case {**__dict__}:
                pass
