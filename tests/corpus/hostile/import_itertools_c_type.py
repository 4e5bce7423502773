# category: imports; expect: refused; rule: module-name
from itertools import _tee as t


class Sneaky(Trait):
    async def execute(self, entity):
        t(iter(()), 1)
