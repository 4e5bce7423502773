# category: libraries; expect: refused; rule: call
from enum import Enum


class E(Enum):
    A = 1


class Sneaky(Trait):
    async def execute(self, entity):
        E('X', {'__getattr__': len})
