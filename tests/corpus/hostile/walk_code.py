# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    def go(self):
        return 1

    async def execute(self, entity):
        self.go.__code__ = self.execute.__code__
