# category: libraries; expect: refused; rule: dunder
class Sneaky(Trait):
    def go(self, other):
        return other.__class__

    async def execute(self, entity):
        self.go(entity)
