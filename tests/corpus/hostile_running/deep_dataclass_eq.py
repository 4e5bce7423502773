# category: recursion; expect: stopped
from dataclasses import dataclass


@dataclass
class N:
    below: object = None


class Greedy(Trait):
    async def execute(self, entity):
        a = b = None
        for _ in range(5000):
            a, b = N(a), N(b)
        a == b
