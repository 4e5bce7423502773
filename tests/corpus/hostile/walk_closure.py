# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    def go(self):
        return 1

    async def execute(self, entity):
        self.go.__closure__[0].cell_contents
