# category: imports; expect: refused; rule: module-name
from enum import sys as s


class Sneaky(Trait):
    async def execute(self, entity):
        s.modules
