# category: libraries; expect: refused; rule: call
from enum import Enum

E = Enum('E', 'A B', module='os')


class Sneaky(Trait):
    async def execute(self, entity):
        pass
