# category: names; expect: refused
class Sneaky(Trait):
    def other(self):
        eval = 3
        return eval

    async def execute(self, entity):
        eval('1')
