# category: frames; expect: refused; rule: attribute
from typing import Protocol, runtime_checkable


@runtime_checkable
class Shape(Protocol):
    f_globals: dict


class Sneaky(Trait):
    async def execute(self, entity):
        isinstance(entity, Shape)
