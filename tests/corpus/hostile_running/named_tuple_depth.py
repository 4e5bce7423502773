# category: recursion; expect: stopped
from typing import NamedTuple


class P(NamedTuple):
    x: object


class Greedy(Trait):
    async def execute(self, entity):
        p = P(None)
        for _ in range(5_000):
            p = P(p)
        repr(p)
