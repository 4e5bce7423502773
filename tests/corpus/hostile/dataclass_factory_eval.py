# category: libraries; expect: refused; rule: name
from dataclasses import dataclass, field


@dataclass
class A:
    x: int = field(default_factory=input)


class Sneaky(Trait):
    async def execute(self, entity):
        pass
