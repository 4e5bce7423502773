# category: imports; expect: refused; rule: import
import _random


class Sneaky(Trait):
    async def execute(self, entity):
        _random.Random()
