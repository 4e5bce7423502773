# category: coroutines; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        yield from [1]
