# category: decorators; expect: refused; rule: decorator
from dataclasses import dataclass

F = True


@dataclass(repr=F)
class A:
    x: int = 0


class Sneaky(Trait):
    async def execute(self, entity):
        pass
