# category: names; expect: refused; rule: name
class Sneaky(Trait):
    def go(self, f=getattr):
        return f(self, 'x')

    async def execute(self, entity):
        self.go()
