# category: coroutines; expect: refused; rule: form
class Sneaky(Trait):
    def go(self):
        return 1

    async def execute(self, entity):
        async with self.go():
            pass
