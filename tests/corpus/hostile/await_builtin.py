# category: coroutines; expect: refused; rule: await
class Sneaky(Trait):
    async def execute(self, entity):
        await sum([1])
