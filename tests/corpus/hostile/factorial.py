# category: too-large; expect: refused; rule: too-large
import math


class Sneaky(Trait):
    async def execute(self, entity):
        math.factorial(10 ** 6)
