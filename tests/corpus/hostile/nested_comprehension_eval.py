# category: names; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        [[e(s) for e in (eval,)] for s in ('1',)]
