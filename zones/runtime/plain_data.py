"""A value as plain data: what JSON can carry and every language reads the same.

Owns: which values are plain, and saying of others where they lie. Does not own: how plain data is
sent (`called.py`). Whoever reads it checks again: the process that made it has run foreign code.

Plain are None, bool, int, float, str, lists and dicts with text keys. A tuple becomes a list, a
number or array of numpy what it holds; a subclass is taken for what it derives from, without
calling a method of its own.
"""

import math
from typing import Any, Final

import numpy as np

from Kernel.contract.call_job import DEPTH_MAX

INT_BITS_MAX: Final = 4096
PATH_CHARS_MAX: Final = 120
_SHORTEST: Final = 2
"""Characters that the shortest value takes as JSON, with its comma."""


class NotPlain(Exception):
    """A value is no plain data, or too much of it."""


class _Room:
    """How many characters are left."""

    def __init__(self, limit: int) -> None:
        self.limit = self.left = limit

    def take(self, count: int) -> None:
        """Take some of it; raise NotPlain when there is no more."""
        self.left -= count
        if self.left < 0:
            raise NotPlain(f"it takes more than {self.limit} bytes as JSON")


def to_plain(value: object, bytes_max: int) -> Any:
    """Return a value as plain data.

    Args:
        bytes_max: about so many bytes of JSON at most; the exact size is the reader's to check.

    Raises:
        NotPlain: it holds something else, itself, a number that is none, or too much.
    """
    return _plain(value, "result", 0, set(), _Room(bytes_max))


def _plain(value: Any, path: str, depth: int, above: set[int], room: _Room) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        room.take(_SHORTEST)
        return value
    if issubclass(kind, int):
        return _whole(int.__int__(value), path, room)
    if issubclass(kind, float):
        number = float.__float__(value)
        if not math.isfinite(number):
            raise NotPlain(f"{path} is {number}, which plain data has no form for")
        room.take(_SHORTEST)
        return number
    if issubclass(kind, str):
        return _text(str.__str__(value), path, room)
    if issubclass(kind, np.ndarray):
        room.take(_SHORTEST * np.ndarray.size.__get__(value))
        return _plain(np.ndarray.tolist(value), path, depth, above, room)
    if issubclass(kind, np.generic):
        inner = value.item()
        if type(inner) is not kind:
            return _plain(inner, path, depth, above, room)
    if issubclass(kind, list | tuple | dict):
        return _nested(value, path, depth, above, room)
    raise NotPlain(f"{path} is of type {_name(kind)}, which is no plain data")


def _nested(value: Any, path: str, depth: int, above: set[int], room: _Room) -> Any:
    if id(value) in above:
        raise NotPlain(f"{path} holds itself")
    if depth >= DEPTH_MAX:
        raise NotPlain(f"{path} lies deeper than {DEPTH_MAX} levels")
    above.add(id(value))
    room.take(_SHORTEST)
    made: Any
    if isinstance(value, dict):
        made = {}
        for key, each in dict.items(value):
            if not issubclass(type(key), str):
                raise NotPlain(
                    f"{path} has a key of type {_name(type(key))}, and keys of plain data are text"
                )
            word = _text(str.__str__(key), f"a key of {path}", room)
            made[word] = _plain(each, _below(path, word), depth + 1, above, room)
    else:
        walk = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
        made = [
            _plain(each, _below(path, number), depth + 1, above, room)
            for number, each in enumerate(walk)
        ]
    above.discard(id(value))
    return made


def _whole(number: int, path: str, room: _Room) -> int:
    if number.bit_length() > INT_BITS_MAX:
        raise NotPlain(f"{path} is a whole number of more than {INT_BITS_MAX} bits")
    room.take(_SHORTEST + number.bit_length() // 4)
    return number


def _text(text: str, path: str, room: _Room) -> str:
    room.take(_SHORTEST + len(text))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotPlain(f"{path} holds half a character, which is no text") from error
    return text


def _below(path: str, place: int | str) -> str:
    longer = f"{path}[{place!r}]"
    return longer if len(longer) <= PATH_CHARS_MAX else path


def _name(kind: type) -> str:
    name = type.__dict__["__name__"].__get__(kind)
    module = type.__dict__["__module__"].__get__(kind)
    plain = module in ("builtins", "__main__") or type(module) is not str
    return str(name if plain else f"{module}.{name}")[:80]
