# category: libraries; expect: refused; rule: call
from dataclasses import dataclass, field


@dataclass
class A:
    x: int = field(name='x')


class Sneaky(Trait):
    async def execute(self, entity):
        pass
