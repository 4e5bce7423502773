# category: escapes; expect: stopped
from dataclasses import dataclass, fields


@dataclass
class A:
    x: type = int


class Greedy(Trait):
    async def execute(self, entity):
        fields(A)[0].type('A', (), {})
