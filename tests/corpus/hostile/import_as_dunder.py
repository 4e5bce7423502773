# category: imports; expect: refused; rule: dunder
import math as __builtins__


class Sneaky(Trait):
    async def execute(self, entity):
        __builtins__.sqrt(2)
