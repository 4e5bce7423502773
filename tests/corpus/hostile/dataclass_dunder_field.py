# category: libraries; expect: refused; rule: dunder
from dataclasses import dataclass


@dataclass
class A:
    __class__: int = 0


class Sneaky(Trait):
    async def execute(self, entity):
        pass
