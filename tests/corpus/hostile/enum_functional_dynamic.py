# category: libraries; expect: refused; rule: dunder
from enum import Enum


class Sneaky(Trait):
    async def execute(self, entity):
        Enum('E', {'__del__': len})
