# category: coroutines; expect: refused; rule: import
import asyncio


class Sneaky(Trait):
    async def execute(self, entity):
        await asyncio.sleep(1)
