# category: imports; expect: refused; rule: rebinding
import math as len


class Sneaky(Trait):
    async def execute(self, entity):
        len([1])
