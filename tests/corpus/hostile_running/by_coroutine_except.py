# category: swallowing; expect: stopped
import itertools


class Greedy(Trait):
    async def go(self):
        for n in itertools.count():
            pass

    async def execute(self, entity):
        while entity.x >= 0:
            try:
                await self.go()
            except:
                pass
