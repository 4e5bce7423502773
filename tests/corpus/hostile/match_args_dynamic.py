# category: patterns; expect: refused; rule: dunder
class P:
    __match_args__ = tuple('ab')


class Sneaky(Trait):
    async def execute(self, entity):
        pass
