# category: rebinding; expect: refused; rule: rebinding
import math


class Sneaky(Trait):
    async def execute(self, entity):
        math.pi += 1
