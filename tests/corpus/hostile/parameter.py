# category: dunders; expect: refused; rule: dunder
class Sneaky(Trait):
    def go(self, __builtins__=None):
        return 1

    async def execute(self, entity):
        self.go()
