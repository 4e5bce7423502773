# category: libraries; expect: refused; rule: class-body
from enum import Enum


class E(Enum):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        E('X', {'__getattr__': len})
