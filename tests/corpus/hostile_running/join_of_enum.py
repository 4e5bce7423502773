# category: memory; expect: stopped
from enum import StrEnum
class S(StrEnum):
    X = "x"
class T(Trait):
    async def execute(self, entity):
        s = "a" * 60000
        t = S.X.join([s for _ in range(20000)])
        entity.vx = 42.0
