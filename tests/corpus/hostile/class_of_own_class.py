# category: libraries; expect: refused; rule: dunder
class Sneaky(Trait):
    def go(self):
        return self.__class__.__class__('A', (), {})

    async def execute(self, entity):
        self.go()
