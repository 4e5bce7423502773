# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    def go(self, a=0):
        return a

    async def execute(self, entity):
        self.go.__defaults__ = (1,)
