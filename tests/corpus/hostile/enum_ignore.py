# category: libraries; expect: refused; rule: dunder
from enum import Enum


class E(Enum):
    _ignore_ = 'A'
    A = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
