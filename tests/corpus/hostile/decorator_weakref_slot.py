# category: decorators; expect: refused; rule: decorator
from dataclasses import dataclass


@dataclass(slots=True, weakref_slot=True)
class A:
    x: int = 0


class Sneaky(Trait):
    async def execute(self, entity):
        pass
