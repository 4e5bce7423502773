# category: frames; expect: refused; rule: attribute
from typing import Protocol, runtime_checkable


@runtime_checkable
class Shape(Protocol):
    __match_args__ = ('gi_frame',)
    close: int


class Sneaky(Trait):
    async def execute(self, entity):
        match (n for n in ()):
            case Shape(frame):
                self.f = frame
