# category: comprehensions; expect: refused; rule: rebinding
import math


class Sneaky(Trait):
    async def execute(self, entity):
        [1 for math.pi in [3]]
