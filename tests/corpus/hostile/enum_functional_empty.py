# category: libraries; expect: refused; rule: call
from enum import Enum

E = Enum('E', '')


def f():
    return E('X', {'__del__': len})


class Sneaky(Trait):
    async def execute(self, entity):
        pass
