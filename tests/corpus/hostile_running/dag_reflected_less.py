# category: slow-operations; expect: stopped
from typing import NamedTuple
class P(NamedTuple):
    a: list
    def __lt__(self, other):
        return NotImplemented
class T(Trait):
    async def execute(self, entity):
        a = []
        b = []
        for _ in range(35):
            a = [a, a]
            b = [b, b]
        b[0] = 5
        (b, 1) > P(a)
