# category: formats; expect: refused; rule: format
T = '{}'


class Sneaky(Trait):
    async def execute(self, entity):
        global T
        T = '{0.__class__}'
        T.format(entity)
