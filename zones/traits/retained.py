"""How much a trait keeps from call to call, so that no trait fills the memory tick by tick.

Owns: a walk over what can be reached from a trait's module and instances, and when to walk. Fuel
bounds what one call can build, so a walk is due only after so much fuel; it costs about as much as
building what it finds. Sizes are those of the interpreter, the same in every process.
"""

import gc
import sys
from collections.abc import Iterable
from types import (
    CodeType,
    FrameType,
    FunctionType,
    ModuleType,
    TracebackType,
)
from typing import Any, Final

from zones.traits.facades.containers import ChainMap, Counter, DefaultDict, OrderedDict
from zones.traits.facades.data_classes import Field
from zones.traits.facades.deques import Deque
from zones.traits.facades.function_tools import ByRule, Cached, CachedProperty, Partial
from zones.traits.facades.sets import AnySet
from zones.traits.guards.dict_methods import View
from zones.traits.guards.generators import Context, Generated

FUEL_BETWEEN_TIDYING: Final = 20_000
"""Rings of objects (a function within a function that calls itself is one) are collected this
often where the process collects none by itself."""
FUEL_BETWEEN: Final = 250_000
"""At 16 items of 8 bytes for a unit, at most 32 MB are built between two walks."""
BYTES_MAX: Final = 32 << 20
BYTES_EACH: Final = 4096
"""Allowed for each instance, besides BYTES_MAX for all."""
_HOLDERS: Final = (
    AnySet,
    ByRule,
    Cached,
    CachedProperty,
    ChainMap,
    Context,
    Counter,
    DefaultDict,
    Deque,
    Field,
    Generated,
    OrderedDict,
    Partial,
    View,
)
"""Classes of ours that hold what is a trait's."""
_CLOSED: Final = (CodeType, FrameType, ModuleType, TracebackType)


class Retained:
    """What one trait keeps.

    Args:
        module: name of its module, which its classes bear.
    """

    def __init__(self, module: str) -> None:
        self.module = module
        self._fuel_left = FUEL_BETWEEN
        self._until_tidying = FUEL_BETWEEN_TIDYING

    def is_too_much(self, spent: int, namespace: dict[str, Any], instances: Any) -> bool:
        """Tell whether a trait keeps too much; a look is taken now and then.

        Args:
            spent: fuel that was used since the last question.
            instances: of volatile state.
        """
        self._tidy(spent)
        self._fuel_left -= spent
        if self._fuel_left > 0:
            return False
        limit = BYTES_MAX + BYTES_EACH * len(instances)
        own = [value for name, value in namespace.items() if name[0] not in " _"]
        size, objects = self.measure([*own, *instances], limit, {id(namespace)})
        self._fuel_left = max(FUEL_BETWEEN, 2 * objects)
        return size > limit

    def _tidy(self, spent: int) -> None:
        """Collect what the last calls dropped in rings; all of it when a walk is due."""
        self._until_tidying -= spent
        if self._until_tidying <= 0 and not gc.isenabled():
            self._until_tidying = FUEL_BETWEEN_TIDYING
            gc.collect(0 if self._fuel_left > spent else 2)

    def measure(self, roots: list[Any], limit: int, closed: set[int]) -> tuple[int, int]:
        """Return (bytes, objects) that can be reached; it ends beyond the limit."""
        seen = set(closed)
        size = 0
        while roots and size <= limit:
            one = roots.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            size += sys.getsizeof(one)
            roots.extend(self._parts(one))
        return size, len(seen)

    def _parts(self, one: Any) -> Iterable[Any]:
        kind = type(one)
        if kind in (int, float, str, bool) or isinstance(one, _CLOSED):
            return ()
        if kind is FunctionType:
            return (*(one.__closure__ or ()), one.__defaults__, one.__kwdefaults__, one.__dict__)
        if isinstance(one, type):
            return tuple(vars(one).values()) if one.__module__ == self.module else ()
        if kind.__module__.startswith("zones.") and not isinstance(one, _HOLDERS):
            return ()
        return gc.get_referents(one)
