# category: libraries; expect: refused
from enum import Enum


class E(Enum):
    A = 1
    _value_ = 2


class Sneaky(Trait):
    async def execute(self, entity):
        E.A._value_ = 7
