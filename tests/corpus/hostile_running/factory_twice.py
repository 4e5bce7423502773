# category: recursion; expect: stopped
from dataclasses import dataclass, field, fields


@dataclass
class P:
    x: list = field(default_factory=list)
    y: list = field(default_factory=list)


class Greedy(Trait):
    async def execute(self, entity):
        for f in fields(P):
            f.default_factory = P
        P()
