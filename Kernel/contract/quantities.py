"""How people write durations and whole numbers.

Owns: the forms. Does not own: what they are for. Pure.
"""

import re
from typing import Final

from Kernel.contract.errors import UsageError

THIN_SPACES: Final = {0x2009: None, 0x202F: None}
"""For str.translate: molt prints numbers with them, and takes back what it has printed."""
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d|)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}
_HINT = "molt help wait"


def parse_duration(text: str) -> float:
    """Return seconds from "500ms", "60s", "2m", "1h", "7d" or plain seconds.

    Raises:
        UsageError: it is not a duration.
    """
    match = _DURATION.fullmatch(text.strip()) if len(text) <= 32 else None
    if match is None:
        raise UsageError(
            f"cannot read duration {text[:32]!r}: write 500ms, 60s, 2m, 1h or 7d", _HINT
        )
    return float(match[1]) * _SECONDS[match[2]]


def parse_whole(text: str) -> int:
    """Return a whole number, also one written with the thin spaces that molt prints.

    Raises:
        ValueError: it is not a whole number of at most 19 digits.
    """
    digits = text.strip().translate(THIN_SPACES)
    if re.fullmatch(r"[+-]?[0-9](?:_?[0-9]){0,18}", digits) is None:
        raise ValueError(f"{text[:32]!r} is not a whole number")
    return int(digits)
