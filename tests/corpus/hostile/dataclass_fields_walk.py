# category: libraries; expect: refused; rule: dunder
from dataclasses import dataclass


@dataclass
class A:
    x: int = 0


class Sneaky(Trait):
    async def execute(self, entity):
        A.__dataclass_fields__['x']
