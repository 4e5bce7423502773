# category: patterns; expect: refused; rule: dunder
class P:
    __match_args__ = ('__dict__',)


class Sneaky(Trait):
    async def execute(self, entity):
        match P():
            case P(d):
                d
