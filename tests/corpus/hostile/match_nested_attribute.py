# category: patterns; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        match [entity]:
            case [object(x=0) | object(__init__=i)]:
                pass
