# category: slow-operations; expect: stopped
from dataclasses import dataclass


@dataclass
class P:
    a: object
    b: object


class Greedy(Trait):
    async def execute(self, entity):
        made = P(1, 2)
        for _ in range(60):
            made = P(made, made)
        repr(made)
