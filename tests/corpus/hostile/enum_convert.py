# category: libraries; expect: refused; rule: attribute
from enum import Enum


class E(Enum):
    A = 1


class Sneaky(Trait):
    async def execute(self, entity):
        E._convert_('E', 'os', len)
