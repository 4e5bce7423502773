# category: names; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        (lambda s, e=eval: e(s))('1')
