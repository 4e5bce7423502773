# category: recursion; expect: stopped
from dataclasses import dataclass


@dataclass
class P:
    x: object


class Greedy(Trait):
    async def execute(self, entity):
        p = P(None)
        for _ in range(5_000):
            p = P(p)
        p == P(p)
        repr(p)
