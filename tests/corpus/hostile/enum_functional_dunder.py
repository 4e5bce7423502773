# category: libraries; expect: refused
from enum import Enum

E = Enum('E', ['A', '__del__'])


class Sneaky(Trait):
    async def execute(self, entity):
        pass
