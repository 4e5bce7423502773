# category: libraries; expect: refused; rule: call
from enum import Enum


class Sneaky(Trait):
    async def execute(self, entity):
        e = Enum
        e('X', [('__del__', len)])
