# category: unicode; expect: refused; rule: identifier
class Sneaky(Trait):
    async def execute(self, entity):
        match entity:
            case object(__ｄict__=d):
                pass
