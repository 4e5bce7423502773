# category: recursion; expect: stopped
from dataclasses import asdict, dataclass


@dataclass
class N:
    below: object = None


class Greedy(Trait):
    async def execute(self, entity):
        n = None
        for _ in range(5000):
            n = N(n)
        asdict(n)
