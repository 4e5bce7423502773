# category: class-bodies; expect: refused; rule: class-body
class Sneaky(Trait):
    x = {}
    x['a'] = 1

    async def execute(self, entity):
        pass
