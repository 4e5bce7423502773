# category: slow-operations; expect: stopped
from collections import namedtuple
P = namedtuple("P", "a b")
class T(Trait):
    async def execute(self, entity):
        a, b = [], []
        for _ in range(35):
            a = [a, a]
            b = [b, b]
        P(a, 1).count(b)
