# category: names; expect: refused; rule: name
class Sneaky(Trait):
    table = {'o': open}

    async def execute(self, entity):
        self.table['o']('x')
