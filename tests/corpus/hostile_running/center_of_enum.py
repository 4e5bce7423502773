# category: memory; expect: stopped
from enum import StrEnum
class S(StrEnum):
    X = "x"
class T(Trait):
    async def execute(self, entity):
        n = 1900000000
        s = S.X.center(n)
        entity.vx = 42.0
