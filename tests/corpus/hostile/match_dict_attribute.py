# category: patterns; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        match entity:
            case object(__dict__=fields):
                fields['energy'] = 1e9
