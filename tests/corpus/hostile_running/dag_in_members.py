# category: slow-operations; expect: stopped
from enum import Enum
class C(Enum):
    A = 1
class T(Trait):
    async def execute(self, entity):
        a = ()
        for _ in range(39):
            a = (a, a)
        a in C.__members__
