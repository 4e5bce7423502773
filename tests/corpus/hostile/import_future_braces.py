# category: imports; expect: refused; rule: import
from __future__ import braces


class Sneaky(Trait):
    async def execute(self, entity):
        pass
