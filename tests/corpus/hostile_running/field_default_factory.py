# category: escapes; expect: stopped
from dataclasses import dataclass, field, fields


@dataclass
class A:
    x: list = field(default_factory=list)


class Greedy(Trait):
    async def execute(self, entity):
        fields(A)[0].default_factory().append(1)
