# category: slow-operations; expect: stopped
from typing import NamedTuple
class P(NamedTuple):
    a: list
    def __lt__(self, other):
        return super().__lt__(other)
class T(Trait):
    async def execute(self, entity):
        a, b = [], []
        for _ in range(35):
            a = [a, a]
            b = [b, b]
        sorted([P(a), P(b)])
