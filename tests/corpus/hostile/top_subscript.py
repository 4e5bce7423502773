# category: module-level; expect: refused; rule: module-level
x = {}
x['a'] = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
