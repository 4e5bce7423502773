"""Texts of traits: str, repr and formats that show no address and have an end.

Owns: what a value looks like as text, `%` and `format` on texts, lengths of what they build. Does
not own: methods of str (`text_methods.py`).

The interpreter's own `repr` shows where an object lies in memory, and takes forever on containers
that hold each other many times; so containers are walked here, item by item, with fuel.
"""

import re
import string
from collections.abc import Iterator
from typing import Any, Final

from zones.traits.contract import LENGTH_MAX
from zones.traits.guards.meter import Meter

_PLAIN: Final = frozenset({int, float, bool, str, type(None)})
_NESTING_MAX: Final = 40
_NUMBER_IN_SPEC: Final = re.compile(r"[0-9]+")
_PERCENT: Final = re.compile(
    r"%(?:\((?P<key>[^()]*)\))?(?P<flags>[-+ #0]*)(?P<width>\*|[0-9]+)?"
    r"(?:\.(?P<precision>\*|[0-9]*))?[hlL]?(?P<kind>.)",
    re.DOTALL,
)
_DEFAULTS: Final = frozenset(
    {
        object.__repr__,
        object.__str__,
        object.__format__,
        BaseException.__repr__,
        BaseException.__str__,
        KeyError.__str__,
        type.__repr__,
    }
)


class Texts:
    """Values as text, for one trait."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    def text(self, value: Any = "", /) -> str:
        """Return str(value)."""
        if type(value) in _PLAIN:
            return str(value)
        own = getattr(type(value), "__str__", None)
        if own in _DEFAULTS:
            if isinstance(value, BaseException):
                return self._of_arguments(value)
            return self.represent(value)
        if isinstance(value, (list, tuple, dict)):
            return self.represent(value)
        return self._kept(str(value))

    def represent(self, value: Any, /) -> str:
        """Return repr(value)."""
        return self._kept("".join(self._pieces(value, _NESTING_MAX)))

    def _kept(self, text: str) -> str:
        self.meter.building(str.__len__(text))
        return text

    def _of_arguments(self, error: BaseException) -> str:
        arguments = error.args
        if not arguments:
            return ""
        with self.meter.nested():
            if len(arguments) > 1:
                return self.represent(arguments)
            return (self.represent if isinstance(error, KeyError) else self.text)(arguments[0])

    def _pieces(self, value: Any, depth: int) -> Iterator[str]:
        """Yield what a value's repr consists of; one unit for each item of a container."""
        kind = type(value)
        if kind in _PLAIN:
            yield repr(value)
            return
        if depth <= 0:
            self.meter.abort()
        own: Any = kind.__repr__
        if isinstance(value, BaseException) and own in _DEFAULTS:
            yield f"{kind.__name__}("
            yield from self._listed(value.args, depth)
            yield ")"
        elif own is list.__repr__ or (own is tuple.__repr__ and not hasattr(kind, "_fields")):
            listed = isinstance(value, list)
            yield "[" if listed else "("
            yield from self._listed(value, depth)
            if listed:
                yield "]"
            else:
                yield ",)" if len(value) == 1 else ")"
        elif isinstance(value, tuple) and hasattr(kind, "_fields"):
            yield from self._named(kind.__name__, zip(kind._fields, value, strict=False), depth)
        elif own is dict.__repr__:
            yield "{"
            yield from self._paired(value, depth)
            yield "}"
        elif isinstance(value, type):
            yield f"<class '{kind_name(value)}'>"
        elif own in (object.__repr__, type(self.text).__repr__) or kind.__module__ == "builtins":
            yield from self._builtin(value)
        else:
            yield repr(value)

    def _builtin(self, value: Any) -> Iterator[str]:
        """Yield the repr of a function, an instance without a repr of its own and the like."""
        if isinstance(value, (range, complex)) or value is NotImplemented or value is ...:
            yield repr(value)
        elif isinstance(value, slice):
            yield "slice("
            yield from self._listed((value.start, value.stop, value.step), _NESTING_MAX // 2)
            yield ")"
        elif callable(value) and hasattr(value, "__name__"):
            yield f"<function {value.__name__}>"
        else:
            yield f"<{type(value).__name__} object>"

    def _listed(self, items: Any, depth: int) -> Iterator[str]:
        for index, item in enumerate(items):
            self.meter.step()
            if index:
                yield ", "
            yield from self._pieces(item, depth - 1)

    def _paired(self, mapping: Any, depth: int) -> Iterator[str]:
        for index, (key, item) in enumerate(dict.items(mapping)):
            self.meter.step()
            if index:
                yield ", "
            yield from self._pieces(key, depth - 1)
            yield ": "
            yield from self._pieces(item, depth - 1)

    def _named(self, name: str, items: Any, depth: int) -> Iterator[str]:
        yield f"{name}("
        for index, (field, item) in enumerate(items):
            self.meter.step()
            yield f"{', ' if index else ''}{field}="
            yield from self._pieces(item, depth - 1)
        yield ")"

    def formatted(self, value: Any, spec: Any = "", /) -> str:
        """Return format(value, spec)."""
        if not isinstance(spec, str):
            raise TypeError("format() takes a text as its second argument")
        if isinstance(value, (int, float, str)) and type(value).__format__ in _NUMERIC_FORMATS:
            for number in _NUMBER_IN_SPEC.findall(spec):
                self._bounded_width(number)
            return self._kept(format(value, spec))
        if type(value).__format__ in _DEFAULTS:
            if spec:
                raise TypeError("unsupported format string passed to " + type(value).__name__)
            return self.text(value)
        return self._kept(format(value, spec))

    def _bounded_width(self, digits: str) -> None:
        if len(digits) > 6 or int(digits) > LENGTH_MAX:
            self.meter.abort()
        self.meter.building(int(digits))

    def shown(self, value: Any, conversion: int, spec: str) -> str:
        """Return one place of an f-string."""
        if conversion != -1:
            value = self.text(value) if conversion == ord("s") else self.represent(value)
            if conversion == ord("a"):
                value = ascii(value)[1:-1]
        if not spec and type(value) in _PLAIN:
            return str(value)
        return self.formatted(value, spec)

    def joined(self, *parts: str) -> str:
        """Return the text of an f-string, from its parts."""
        self.meter.building(sum(map(len, parts)))
        return "".join(parts)

    def fill_percent(self, pattern: str, values: Any) -> str:
        """Return pattern % values."""
        pattern = str(pattern)
        self.meter.building(len(pattern))
        unnamed = list(values) if isinstance(values, tuple) else [values]
        unnamed.reverse()
        named = values if isinstance(values, dict) else None
        parts: list[str] = []
        used_names = False
        place = 0
        total = 0
        while (found := pattern.find("%", place)) >= 0:
            match = _PERCENT.match(pattern, found)
            if match is None:
                raise ValueError("incomplete format")
            used_names |= match["key"] is not None
            parts += (pattern[place:found], self._fill_one(match, unnamed, named))
            total += len(parts[-1]) + len(parts[-2])
            self.meter.bound_length(total)
            place = match.end()
        parts.append(pattern[place:])
        if unnamed and not used_names and named is None:
            raise TypeError("not all arguments converted during string formatting")
        return self.joined(*parts)

    def _fill_one(self, match: re.Match[str], unnamed: list[Any], named: Any) -> str:
        """Return one place of a `%` format, filled in."""

        def take() -> Any:
            if not unnamed:
                raise TypeError("not enough arguments for format string")
            return unnamed.pop()

        kind = match["kind"]
        if kind == "%":
            return "%"
        sizes = []
        for part in ("width", "precision"):
            size = take() if match[part] == "*" else match[part]
            if not isinstance(size, (int, str, type(None))):
                raise TypeError("* wants int")
            if size:
                self._bounded_width(str(abs(int(size))))
            sizes.append("" if size is None else str(size))
        if match["key"] is None:
            value = take()
        elif named is None:
            raise TypeError("format requires a mapping")
        else:
            value = named[match["key"]]
        if kind in "sra":
            value = self.text(value) if kind == "s" else self.represent(value)
            kind = "a" if match["kind"] == "a" else "s"
            if kind == "a":
                value, kind = ascii(value)[1:-1], "s"
        elif not isinstance(value, (int, float, str)):
            raise TypeError(f"%{kind} format: a number is required")
        dot = "." if match["precision"] is not None else ""
        return f"%{match['flags']}{sizes[0]}{dot}{sizes[1]}{kind}" % (value,)

    def fill_braces(self, pattern: str, *args: Any, **kwargs: Any) -> str:
        """Return pattern.format(...): names and indexes alone, no attribute walks."""
        return self._kept(_Braces(self).vformat(pattern, args, kwargs))


class _Braces(string.Formatter):
    """`str.format` over `Texts`."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        if not re.fullmatch(r"\w*", field_name):
            raise ValueError("only plain places in a format")
        key = int(field_name) if field_name.isdigit() and len(field_name) < 6 else field_name
        return self.get_value(key, args, kwargs), key

    def format_field(self, value: Any, format_spec: str) -> str:
        return self.texts.formatted(value, format_spec)

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion is None:
            return value
        return self.texts.text(value) if conversion == "s" else self.texts.represent(value)


_NUMERIC_FORMATS: Final = frozenset(
    {int.__format__, float.__format__, str.__format__, object.__format__}
)


def kind_name(kind: type) -> str:
    """Return the name of a class as its repr shows it: builtin ones by their bare name."""
    return kind.__name__
