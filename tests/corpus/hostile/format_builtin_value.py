# category: formats; expect: refused; rule: call
class Sneaky(Trait):
    async def execute(self, entity):
        list(map(format, [1], ['999999999']))
