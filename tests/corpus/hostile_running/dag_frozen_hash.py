# category: slow-operations; expect: stopped
from dataclasses import dataclass
@dataclass(frozen=True)
class N:
    a: object = None
    b: object = None
class T(Trait):
    async def execute(self, entity):
        n = N()
        for _ in range(38):
            n = N(n, n)
        {n: 1}
