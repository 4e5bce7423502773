# category: coroutines; expect: refused; rule: await
class Sneaky(Trait):
    async def go(self):
        return 1

    async def execute(self, entity):
        self.go()
