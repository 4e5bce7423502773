# category: imports; expect: refused; rule: module-name
from functools import RLock


class Sneaky(Trait):
    async def execute(self, entity):
        RLock()
