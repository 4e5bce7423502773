# category: recursion; expect: stopped
from dataclasses import dataclass, field, fields


@dataclass
class P:
    x: list = field(default_factory=list)


class Greedy(Trait):
    async def execute(self, entity):
        fields(P)[0].default_factory = P
        P()
