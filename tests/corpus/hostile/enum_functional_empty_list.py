# category: libraries; expect: refused; rule: call
from enum import Flag

E = Flag('E', [])


class Sneaky(Trait):
    async def execute(self, entity):
        pass
