# category: slow-operations; expect: stopped
from typing import NamedTuple
class P(NamedTuple):
    a: list
class Q(P):
    def __contains__(self, other):
        return super().__contains__(other)
class T(Trait):
    async def execute(self, entity):
        a, b = [], []
        for _ in range(35):
            a = [a, a]
            b = [b, b]
        b in Q(a)
