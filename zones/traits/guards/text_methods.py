"""Methods of str for traits: one unit for every 16 characters read or built, and no long ones.

Owns: the table that `methods.py` looks names up in; they are also the methods of the facade
`str`.
"""

from collections.abc import Callable
from types import MethodType
from typing import Any, Final

from zones.traits.contract import LENGTH_MAX
from zones.traits.guards.meter import Meter
from zones.traits.guards.texts import Texts
from zones.traits.word_lists import words

Method = Callable[..., Any]
_LINEAR: Final = words(
    "capitalize casefold count endswith find index isalnum isalpha isascii isdecimal "
    "isdigit isidentifier islower isnumeric isprintable isspace istitle isupper lower "
    "lstrip maketrans partition removeprefix removesuffix rfind rindex rpartition rsplit "
    "rstrip split splitlines startswith strip swapcase title upper"
)
"""What they build is about as long as what they read."""
_PADDING: Final = ("center", "ljust", "rjust", "zfill")


class TextMethods:
    """Methods of str, for one trait; the first argument is the text."""

    def __init__(self, meter: Meter, texts: Texts) -> None:
        self.meter = meter
        self.texts = texts

    def table(self) -> dict[str, Method]:
        """Return the methods by name."""
        table: dict[str, Method] = {
            name: MethodType(self._linear, getattr(str, name)) for name in _LINEAR
        }
        table |= {name: MethodType(self._padding, getattr(str, name)) for name in _PADDING}
        table["maketrans"] = self.maketrans
        for name in ("join", "replace", "expandtabs", "translate"):
            table[name] = getattr(self, name)
        table["format"] = self.texts.fill_braces
        return table

    def _linear(self, method: Method, owner: str, /, *args: Any) -> Any:
        self.meter.comparing(len(owner))
        result = method(owner, *args)
        if isinstance(result, (str, list)):
            self.meter.building(len(result))
        return result

    def _padding(self, method: Method, owner: str, width: Any, /, *args: Any) -> str:
        if isinstance(width, int):
            self.meter.building(max(width, 0))
        return str(method(owner, width, *args))

    def maketrans(self, x: Any, y: Any = "", z: Any = "", /) -> dict[int, Any]:
        """Return a table for `translate`."""
        self.meter.comparing(len(x))
        if isinstance(x, dict):
            return str.maketrans(dict(dict.items(x)))
        return str.maketrans(x, y, z)

    def join(self, owner: str, parts: Any, /) -> str:
        """Return the parts with the text between them; each part costs one unit."""
        taken = self.meter.take(parts)
        length = len(owner) * max(len(taken) - 1, 0)
        for part in taken:
            if not isinstance(part, str):
                raise TypeError("join: all parts must be texts")
            length += str.__len__(part)
        self.meter.building(length)
        return owner.join(taken)

    def replace(self, owner: str, old: Any, new: Any, count: Any = -1, /) -> str:
        """Return the text with one part replaced by another."""
        self.meter.comparing(len(owner))
        if isinstance(old, str) and isinstance(new, str) and len(new) > len(old):
            times = owner.count(old)
            if isinstance(count, int) and 0 <= count < times:
                times = int(count)
            self.meter.building(len(owner) + times * (len(new) - len(old)))
        return owner.replace(old, new, count)

    def expandtabs(self, owner: str, tabsize: Any = 8) -> str:
        """Return the text with spaces for tabs."""
        if isinstance(tabsize, int):
            self.meter.building(len(owner) + owner.count("\t") * min(max(tabsize, 0), LENGTH_MAX))
            if tabsize > LENGTH_MAX:
                self.meter.abort()
        return owner.expandtabs(tabsize)

    def translate(self, owner: str, table: Any, /) -> str:
        """Return the text with each character replaced by what a table has for it."""
        parts = []
        for character in self.meter.take(owner):
            try:
                part = table[ord(character)]
            except LookupError:
                part = character
            if isinstance(part, int):
                part = chr(part)
            if part is not None and not isinstance(part, str):
                raise TypeError("a table maps to int, None or text")
            parts.append(part or "")
        return self.texts.joined(*parts)
