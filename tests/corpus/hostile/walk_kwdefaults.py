# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    def go(self, *, a=0):
        return a

    async def execute(self, entity):
        self.go.__kwdefaults__['a'] = 1
