"""What the payload of an event says in a span: plain values, bounded.

Owns: how much of a text, a list, a payload goes into attributes. Does not own: which attributes
(`spans.py`). Pure.
"""

from collections.abc import Mapping
from typing import Any, Final

TEXT_MAX: Final = 4096
LIST_MAX: Final = 64
PAYLOAD_ATTRIBUTES_MAX: Final = 16
PAYLOAD_TEXT_MAX: Final = 256

Value = str | int | float | bool | list[str]


def count_lines(patch: str) -> tuple[int, int]:
    """Return how many lines a unified diff adds and removes."""
    lines = patch.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
    return added, removed


def values_of(fields: Mapping[str, Any]) -> dict[str, Value]:
    """Return the first plain values of a payload as attributes."""
    found: dict[str, Value] = {}
    for key, value in fields.items():
        if isinstance(value, str):
            found[f"molt.payload.{key[:64]}"] = value[:PAYLOAD_TEXT_MAX]
        elif isinstance(value, bool | float) or (isinstance(value, int) and value < 2**63):
            found[f"molt.payload.{key[:64]}"] = value
        if len(found) == PAYLOAD_ATTRIBUTES_MAX:
            break
    return found


def text_of(value: object, limit: int = TEXT_MAX) -> str:
    """Return a text, cut to a limit; below 0 it is whole. "" for what is none."""
    if not isinstance(value, str):
        return ""
    return value if limit < 0 else value[:limit]


def texts_of(value: object) -> list[str]:
    """Return the first texts of a list, none of what is no list."""
    if not isinstance(value, list):
        return []
    return [text_of(each) for each in value[:LIST_MAX]]


def number_of(value: object) -> float:
    """Return a number, 0.0 for what is none."""
    return float(value) if isinstance(value, int | float) else 0.0
