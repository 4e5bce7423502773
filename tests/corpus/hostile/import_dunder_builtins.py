# category: imports; expect: refused; rule: module-name
from math import __builtins__ as b


class Sneaky(Trait):
    async def execute(self, entity):
        b['eval']('1')
