# category: frames; expect: refused; rule: attribute
from dataclasses import dataclass


@dataclass
class D:
    f_code: int = 0


class Sneaky(Trait):
    async def execute(self, entity):
        D(1)
