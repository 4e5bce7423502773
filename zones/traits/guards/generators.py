"""Generators of traits: counted as calls while they run, and without their own frames.

Owns: what a generator function or expression of the source gives, `yield from`, and what a `with`
or `finally` may do when the stop passes through or a generator is dropped.

A suspended generator that nobody holds any more is closed whenever the collector finds it, maybe
in the middle of another trait; so its `finally`, `except` and `with` do nothing then. They do if
the source closes it.
"""

import functools
import sys
from collections.abc import Callable, Generator, Iterator
from typing import Any

from zones.traits.guards.meter import Meter, Stop
from zones.traits.guards.places import Places, Shape


class Generated:
    """A generator as the source holds it."""

    __slots__ = ("_molt_inner", "_molt_meter")

    def __init__(self, inner: Generator[Any, Any, Any], meter: Meter) -> None:
        self._molt_inner = inner
        self._molt_meter = meter

    def __iter__(self) -> "Generated":
        return self

    def __next__(self) -> Any:
        self._molt_meter.enter()
        try:
            return next(self._molt_inner)
        finally:
            self._molt_meter.leave()

    def send(self, value: Any, /) -> Any:
        """Resume with a value."""
        self._molt_meter.enter()
        try:
            return self._molt_inner.send(value)
        finally:
            self._molt_meter.leave()

    def throw(self, error: Any, /) -> Any:
        """Resume with an exception."""
        if isinstance(error, type):
            error = error()
        if not isinstance(error, Exception):
            raise TypeError("exceptions must be of a class that derives from Exception")
        self._molt_meter.enter()
        try:
            return self._molt_inner.throw(error)
        finally:
            self._molt_meter.leave()

    def close(self) -> None:
        """End it where it is."""
        meter = self._molt_meter
        meter.enter()
        meter.closing += 1
        try:
            self._molt_inner.close()
        finally:
            meter.closing -= 1
            meter.leave()

    def __repr__(self) -> str:
        return "<generator>"


class Generators:
    """Generators of one trait, and what stands in handlers."""

    def __init__(self, meter: Meter, places: Places) -> None:
        self.meter = meter
        self.places = places

    def generated(self, inner: Any) -> Generated:
        """Return a generator expression as the source holds it."""
        return Generated(inner, self.meter)

    def generator(self, function: Callable[..., Any]) -> Callable[..., Generated]:
        """Return a generator function whose generators are counted."""
        meter = self.meter

        @functools.wraps(function)
        def start(*args: Any, **kwargs: Any) -> Generated:
            return Generated(function(*args, **kwargs), meter)

        return start

    def deep(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a lambda whose calls are counted as one deeper."""
        meter = self.meter

        @functools.wraps(function)
        def deeper(*args: Any, **kwargs: Any) -> Any:
            meter.enter()
            try:
                return function(*args, **kwargs)
            finally:
                meter.leave()

        return deeper

    def delegated(self, source: Any) -> Iterator[Any]:
        """Return what `yield from source` runs over: each item costs one unit."""
        return self._delegated(iter(source))

    def _delegated(self, items: Any) -> Generator[Any, Any, Any]:
        step = self.meter.step
        try:
            item = next(items)
            while True:
                step()
                try:
                    sent = yield item
                except GeneratorExit:
                    if self.meter.closing and hasattr(items, "close"):
                        items.close()
                    raise
                except Exception as error:
                    if not hasattr(items, "throw"):
                        raise
                    item = items.throw(error)
                else:
                    item = next(items) if sent is None else items.send(sent)
        except StopIteration as end:
            return end.value

    def unstoppable(self) -> tuple[type[BaseException], ...]:
        """Return what no handler of the source is given."""
        if self.meter.closing:
            return (Stop, RecursionError, MemoryError)
        return (Stop, RecursionError, MemoryError, GeneratorExit)

    def goes_on(self) -> bool:
        """Tell whether a `finally` may run."""
        if self.meter.stopped:
            return False
        return sys.exc_info()[0] is not GeneratorExit or self.meter.closing > 0

    def context(self, manager: Any, shape: Shape) -> "Context":
        """Return what a `with` enters; its target has this shape."""
        return Context(manager, self, shape)


class Context:
    """A context manager of the source, which is not told of the stop."""

    __slots__ = ("_molt_generators", "_molt_manager", "_molt_shape")

    def __init__(self, manager: Any, generators: Generators, shape: Shape) -> None:
        self._molt_manager = manager
        self._molt_generators = generators
        self._molt_shape = shape

    def __enter__(self) -> Any:
        kind = type(self._molt_manager)
        if not (hasattr(kind, "__enter__") and hasattr(kind, "__exit__")):
            raise TypeError(f"{kind.__name__!r} object is no context manager")
        entered = kind.__enter__(self._molt_manager)
        if self._molt_shape:
            return self._molt_generators.places.spread_to(entered, self._molt_shape)
        return entered

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> Any:
        if kind is not None and issubclass(kind, self._molt_generators.unstoppable()):
            return False
        if not self._molt_generators.goes_on():
            return False
        return type(self._molt_manager).__exit__(self._molt_manager, kind, error, None)
