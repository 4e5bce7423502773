"""One row of a table of kinds.

Owns: the record. Does not own: the rows, nor what is done with them (`kinds.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.envelope import Level

ANY: Final = object()
"""Any plain data: None, bool, int, float, str, bytes, lists and maps of these."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event.

    Args:
        payload: key -> type (str, int, float, bool, bytes, a list or dict of these, or ANY); a key
            that ends in "?" may be missing or None.
        level: how much it asks of people, unless its sender says otherwise.
        version: counted up when a key changes its meaning or type; keys that are added do not.
        is_open: its payload takes any keys.
    """

    name: str
    payload: Mapping[str, Any]
    level: Level = Level.INFO
    version: int = 1
    is_open: bool = False
