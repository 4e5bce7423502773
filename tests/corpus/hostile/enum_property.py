# category: libraries; expect: refused; rule: module-name
from enum import property


class Sneaky(Trait):
    async def execute(self, entity):
        pass
