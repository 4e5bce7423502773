# category: frames; expect: refused; rule: attribute
class Sneaky(Trait):
    async def go(self):
        return 1

    async def execute(self, entity):
        c = [self.go][0]()
        c.cr_await
