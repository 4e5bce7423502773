# category: rebinding; expect: refused; rule: rebinding
import math

math = None


class Sneaky(Trait):
    async def execute(self, entity):
        pass
