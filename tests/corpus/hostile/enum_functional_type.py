# category: libraries; expect: refused; rule: call
from enum import Enum

E = Enum('E', 'A B', type=dict)


class Sneaky(Trait):
    async def execute(self, entity):
        pass
