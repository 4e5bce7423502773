# category: libraries; expect: refused; rule: rebinding
from enum import Enum


class A:
    e = Enum
    Enum = 1


class Sneaky(Trait):
    async def execute(self, entity):
        A.e('X', {'__del__': len})
