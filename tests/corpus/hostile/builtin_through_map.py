# category: names; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        list(map(exec, ['x=1']))
