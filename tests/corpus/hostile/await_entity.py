# category: coroutines; expect: refused; rule: await
class Sneaky(Trait):
    async def execute(self, entity):
        await entity.move(1, 1)
