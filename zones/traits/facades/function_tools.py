"""`functools` for traits.

Owns: the public names of that module, without the interpreter's C classes: those call each other
as deeply as they are nested, and show where they lie.
"""

from collections import namedtuple
from types import FunctionType
from typing import Any, Final

from zones.traits.facades.tools import Tools
from zones.traits.guards.meter import Meter
from zones.traits.word_lists import words

_ABSENT: Final = object()
_CACHE_MAX: Final = 4096
CacheInfo = namedtuple("CacheInfo", ["hits", "misses", "maxsize", "currsize"])


class Partial:
    """`partial`."""

    def __init__(self, meter: Meter, func: Any, args: Any, keywords: dict[str, Any]) -> None:
        self._molt_meter = meter
        self.func, self.args, self.keywords = func, args, keywords

    def __call__(self, /, *args: Any, **keywords: Any) -> Any:
        """Call the function."""
        self._molt_meter.enter()
        try:
            return self.func(*self.args, *args, **{**self.keywords, **keywords})
        finally:
            self._molt_meter.leave()


class PartialMethod(Partial):
    """`partialmethod`."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        func = self.func.__get__(instance, owner) if hasattr(self.func, "__get__") else self.func
        return Partial(self._molt_meter, func, self.args, self.keywords)


class CachedProperty:
    """`cached_property`."""

    def __init__(self, func: Any) -> None:
        self.func = func
        self._molt_name = ""

    def __set_name__(self, owner: Any, name: str) -> None:
        self._molt_name = name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        value = self.func(instance)
        vars(instance)[self._molt_name] = value
        return value


class Cached:
    """A function with a cache."""

    def __init__(self, tools: Tools, function: Any, maxsize: int | None, typed: bool) -> None:
        self._molt_tools = tools
        self._molt_function = function
        self._molt_limit = _CACHE_MAX if maxsize is None else min(max(int(maxsize), 0), _CACHE_MAX)
        self._molt_typed = typed
        self._molt_maxsize = maxsize
        self._molt_results: dict[Any, Any] = {}
        self._molt_counts = [0, 0]
        self.__name__ = getattr(function, "__name__", "function")

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return Partial(self._molt_tools.meter, self, (instance,), {})

    def __call__(self, /, *args: Any, **keywords: Any) -> Any:
        """Return what the function gives, or gave before."""
        meter = self._molt_tools.meter
        meter.enter()
        try:
            return self._molt_call(args, keywords)
        finally:
            meter.leave()

    def _molt_call(self, args: Any, keywords: dict[str, Any]) -> Any:
        key: Any = (args, tuple(keywords.items())) if keywords else args
        if self._molt_typed:
            key = (key, tuple(type(one) for one in (*args, *keywords.values())))
        results = self._molt_results
        value = results.get(self._molt_tools.comparing.key(key), _ABSENT)
        if value is not _ABSENT:
            self._molt_counts[0] += 1
            if self._molt_maxsize is not None:
                results[key] = results.pop(key)
            return value
        self._molt_counts[1] += 1
        value = self._molt_function(*args, **keywords)
        if self._molt_limit:
            if len(results) >= self._molt_limit and key not in results:
                del results[next(iter(results))]
            results[key] = value
        return value

    def cache_clear(self) -> None:
        """Forget all results."""
        self._molt_results.clear()
        self._molt_counts[:] = [0, 0]

    def cache_info(self) -> Any:
        """Return how often a result was found."""
        hits, misses = self._molt_counts
        return CacheInfo(hits, misses, self._molt_maxsize, len(self._molt_results))


class ByRule:
    """What `cmp_to_key` makes of a value."""

    __slots__ = ("_molt_compare", "_molt_value")

    def __init__(self, compare: Any, value: Any) -> None:
        self._molt_compare, self._molt_value = compare, value

    def __lt__(self, other: Any) -> bool:
        return bool(self._molt_compare(self._molt_value, other._molt_value) < 0)

    def __gt__(self, other: Any) -> bool:
        return bool(self._molt_compare(self._molt_value, other._molt_value) > 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByRule) and bool(
            self._molt_compare(self._molt_value, other._molt_value) == 0
        )

    __hash__ = None  # type: ignore[assignment]  # as that of functools


class FunctionTools:
    """`functools` of one trait."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    def public(self) -> dict[str, Any]:
        """Return the module's names."""
        return {name: getattr(self, name) for name in _PUBLIC}

    def cached_property(self, func: Any) -> Any:
        """Return what a method gives when its result is first asked for."""
        return CachedProperty(func)

    def cache(self, function: Any, /) -> Any:
        """Return the function with a cache."""
        return Cached(self.tools, function, None, False)

    def lru_cache(self, maxsize: Any = 128, typed: Any = False) -> Any:
        """Return what gives a function a cache; the result that was used longest ago goes first."""
        if callable(maxsize):
            return Cached(self.tools, maxsize, 128, False)
        if maxsize is not None and not isinstance(maxsize, int):
            raise TypeError("Expected first argument to be an integer, a callable, or None")
        return lambda function: Cached(self.tools, function, maxsize, bool(typed))

    def partial(self, func: Any, /, *args: Any, **keywords: Any) -> Any:
        """Return a function with arguments given already."""
        if not callable(func):
            raise TypeError("the first argument must be callable")
        return Partial(self.tools.meter, func, args, keywords)

    def partialmethod(self, func: Any, /, *args: Any, **keywords: Any) -> Any:
        """Return a method with arguments given already."""
        return PartialMethod(self.tools.meter, func, args, keywords)

    def reduce(self, function: Any, iterable: Any, initial: Any = _ABSENT, /) -> Any:
        """Return what is left of the items when each is joined to what came before."""
        result = initial
        for item in self.tools.meter.taking(iterable):
            result = item if result is _ABSENT else function(result, item)
        if result is _ABSENT:
            raise TypeError("reduce() of empty iterable with no initial value")
        return result

    def cmp_to_key(self, mycmp: Any) -> Any:
        """Return a key function of a comparing one."""
        return lambda value: ByRule(mycmp, value)

    def wraps(self, wrapped: Any, *args: Any, **options: Any) -> Any:
        """Return what gives a function the name of another."""

        def rename(function: Any) -> Any:
            own = type(function) is FunctionType and function.__module__ == self.tools.module
            if own and hasattr(wrapped, "__name__"):
                function.__name__ = wrapped.__name__
            return function

        return rename

    def total_ordering(self, cls: Any) -> Any:
        """Give a class the comparisons that it lacks."""
        own = [name for name in _DERIVED if getattr(cls, name) is not getattr(object, name)]
        if not own:
            raise ValueError("must define at least one ordering operation: < > <= >=")
        root = max(own, key=("__ge__", "__le__", "__gt__", "__lt__").index)
        for name, rule in _DERIVED[root].items():
            if name not in own:
                setattr(cls, name, _derived(root, rule, self.tools.comparing.equal))
        return cls


_PUBLIC: Final = words(
    "cache cached_property cmp_to_key lru_cache partial partialmethod reduce total_ordering wraps"
)
# By what is there: for what is not, (negate it, join "or equal" / "and not equal").
_DERIVED: Final[dict[str, dict[str, tuple[bool, str]]]] = {
    "__lt__": {"__gt__": (True, "and"), "__le__": (False, "or"), "__ge__": (True, "")},
    "__gt__": {"__lt__": (True, "and"), "__ge__": (False, "or"), "__le__": (True, "")},
    "__le__": {"__ge__": (True, "or"), "__lt__": (False, "and"), "__gt__": (True, "")},
    "__ge__": {"__le__": (True, "or"), "__gt__": (False, "and"), "__lt__": (True, "")},
}


def _derived(root: str, rule: tuple[bool, str], equal: Any) -> Any:
    negate, join = rule

    def compare(self: Any, other: Any) -> Any:
        result = getattr(type(self), root)(self, other)
        if result is NotImplemented:
            return result
        result = bool(result) is not negate
        if join == "or":
            return result or bool(equal(self, other))
        if join == "and":
            return result and not bool(equal(self, other))
        return result

    return compare
