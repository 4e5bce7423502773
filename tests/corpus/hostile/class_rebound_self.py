# category: libraries; expect: refused; rule: dunder
class Sneaky(Trait):
    def go(self, e):
        self = e
        return self.__class__()

    async def execute(self, entity):
        self.go(entity)
