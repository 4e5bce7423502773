"""Which traits a zone's next generation is given: the file `HOME/data/traits/<zone>.json`.

Owns: where it lies and its form. Does not own: when it changes (`Kernel/core/trait_changes.py`),
writing it (the process that prepares a trait adds to it, durably; the kernel takes out of it), the
traits themselves (`zones/runtime/trait_store.py`). Pure.

A hash too many costs a little memory; one that is missing is found in the arena's registry.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

TRAITS_PLACE: Final = Path("data", "traits")
SET_BYTES_MAX: Final = 64 * 1024
HASHES_MAX: Final = 128
_HASH: Final = re.compile(r"[0-9a-f]{64}\Z")


def set_name(zone: str) -> str:
    """Return the name of a zone's file in `TRAITS_PLACE`."""
    return f"{zone}.json"


def is_code_hash(value: object) -> bool:
    """Tell whether a value is the sha256 of a source, in hex."""
    return isinstance(value, str) and _HASH.match(value) is not None


def encode_set(hashes: Iterable[str]) -> bytes:
    """Return the content of the file."""
    return json.dumps({"traits": list(hashes)}, indent=1).encode() + b"\n"


def decode_set(data: bytes) -> list[str]:
    """Return the hashes in the content of a file, each once; none where it is damaged."""
    try:
        told = json.loads(data)["traits"]
        found = [each for each in told if is_code_hash(each)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return list(dict.fromkeys(found))[:HASHES_MAX]
