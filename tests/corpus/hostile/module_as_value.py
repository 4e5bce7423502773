# category: rebinding; expect: refused; rule: module
import math


class Sneaky(Trait):
    async def execute(self, entity):
        m = math
        m.sqrt(4)
