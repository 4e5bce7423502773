"""Values of an answer as people read them: thin-space thousands, units, a dash for what is missing.

Owns: reading one field of an answer and writing it. Does not own: layout and colour (`render.py`).
Pure. Every function takes whatever JSON can hold and returns text of printable characters.
"""

import math
from collections.abc import Mapping

MISSING = "\u2013"
THIN_SPACE = "\u2009"
TEXT_MAX = 500

Fields = Mapping[str, object]


def clean(text: str, length_max: int = TEXT_MAX) -> str:
    """Return text without control characters, which could steer a terminal, cut to a length."""
    return "".join(c if c.isprintable() or c == THIN_SPACE else "·" for c in text[:length_max])


def word(fields: Fields, key: str) -> str:
    """Return a field as plain text; ids and process numbers keep their digits together."""
    value = fields.get(key)
    return MISSING if value is None or value == "" else clean(str(value))


def whole(fields: Fields, key: str) -> str:
    """Return a count with thin-space thousands."""
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**63:
        return MISSING
    return f"{value:,}".replace(",", THIN_SPACE)


def count(fields: Fields, key: str, noun: str) -> str:
    """Return a count with its noun, in the plural unless it is one."""
    number = whole(fields, key)
    return number if number == MISSING else f"{number} {noun}{'' if number == '1' else 's'}"


def amount(fields: Fields, key: str, digits: int | None = None) -> str:
    """Return a number, with a fixed count of decimals or as short as it goes."""
    value = number(fields.get(key))
    if value is None:
        return MISSING
    if digits is None and abs(value) < 1e15:
        # Never as 1e+06: people count zeros in groups of three.
        short = f"{value:,.0f}" if value == int(value) else f"{value:.6g}"
        short = f"{value:,.1f}" if "e+" in short else short
        return short.replace(",", THIN_SPACE)
    if digits is None:
        return f"{value:.6g}"
    return f"{value:,.{digits}f}".replace(",", THIN_SPACE)


def milliseconds(fields: Fields, key: str) -> str:
    """Return milliseconds: two decimals below ten, where they tell something."""
    value = number(fields.get(key))
    if value is None:
        return MISSING
    return f"{value:.2f} ms" if abs(value) < 10 else f"{value:,.0f} ms".replace(",", THIN_SPACE)


def mib(fields: Fields, key: str) -> str:
    """Return an amount of memory."""
    value = number(fields.get(key))
    if value is None:
        return MISSING
    return f"{value:.1f} MB" if abs(value) < 10 else f"{value:,.0f} MB".replace(",", THIN_SPACE)


def span(seconds: object) -> str:
    """Return a time span in its two largest units: "2h14m", "3d4h", "12 s"."""
    value = number(seconds)
    if value is None or value < 0:
        return MISSING
    total = int(value)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60}m{total % 60:02d}s"
    if total < 86_400:
        return f"{total // 3600}h{total % 3600 // 60:02d}m"
    return f"{total // 86_400}d{total % 86_400 // 3600}h"


def number(value: object) -> float | None:
    """Return a finite number, or None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
        return None
    return float(value) if math.isfinite(value) else None


def fields_of(fields: Fields, key: str) -> Fields:
    """Return an object in an answer, or an empty one."""
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def rows_of(fields: Fields, key: str) -> list[Fields]:
    """Return the objects of a list in an answer."""
    value = fields.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
