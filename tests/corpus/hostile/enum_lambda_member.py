# category: libraries; expect: refused; rule: class-body
from enum import Enum


class E(Enum):
    f = lambda self: 1


class Sneaky(Trait):
    async def execute(self, entity):
        E('X', {'a': 1})
