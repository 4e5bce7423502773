from __future__ import annotations
from typing import (Any, Callable, ClassVar, Final, Generic, Iterable, Literal, NamedTuple, NewType,
    Optional, Protocol, Sequence, TypeAlias, TypedDict, TypeVar, Union, cast, overload, TYPE_CHECKING)
T = TypeVar("T")
Num: TypeAlias = Union[int, float]
Meters = NewType("Meters", float)
Kind = Literal["near", "far"]
MAX: Final[float] = 5.0
class HasXY(Protocol):
    x: float
    y: float
class Spot(NamedTuple):
    x: float
    y: float = 0.0
    kind: Kind = "near"
    def shifted(self, dx: float) -> Spot:
        return self._replace(x=self.x + dx)
class Prefs(TypedDict, total=False):
    gain: float
    turn: float
class Box(Generic[T]):
    count: ClassVar[int] = 0
    def __init__(self, item: T) -> None:
        self.item = item
    def get(self, default: Optional[T] = None) -> Optional[T]:
        return self.item or default
@overload
def scale(v: int) -> int: ...
@overload
def scale(v: float) -> float: ...
def scale(v: Num) -> Num:
    return v * 2
def nearest(things: Iterable[HasXY], x: float, key: Callable[[Any], float] | None = None) -> HasXY | None:
    things = list(things)
    return min(things, key=key or (lambda t: abs(t.x - x)), default=None)
class Typed(Trait):
    prefs: Prefs = {"gain": 0.5}
    async def execute(self, entity: Entity) -> None:
        spot: Spot = Spot(entity.x).shifted(1.0)
        x, y, kind = spot
        found: Optional[HasXY] = nearest(entity.nearby_entities(90.0), x)
        box: Box[float] = Box(cast(float, 0.25))
        if found is not None and kind == "near":
            entity.vx = min(MAX, scale(found.x - entity.x) * self.prefs.get("gain", 1.0))
        entity.vy = Meters(box.get() or 1.0) + spot.y
