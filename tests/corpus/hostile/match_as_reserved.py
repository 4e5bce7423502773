# category: patterns; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        match 1:
            case 1 as _molt_stop:
                pass
