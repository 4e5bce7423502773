"""Filters of a question to the ledger: those of the grammar whose field some event has.

Owns: which fields there are. Does not own: the grammar (`Kernel/contract/event_filter.py`), which
the kernel's ring has, too: what it holds need not be an event of the table.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Final

from Kernel.contract.errors import UsageError
from Kernel.contract.event_filter import FIELDS, FILTERS_MAX, PAYLOAD, Filter, parse_filter
from Kernel.contract.kinds import KINDS

HELP: Final = "molt help events"


def parse_filters(words: Iterable[str]) -> tuple[Filter, ...]:
    """Return the filters that words say, all of which must hold.

    Raises:
        UsageError: one is none, or there are too many.
    """
    filters = tuple(parse_filter(word) for word in words)
    for each in filters:
        _check_field(each)
    if len(filters) > FILTERS_MAX:
        raise UsageError(f"cannot filter by {len(filters)} fields: {FILTERS_MAX} at most")
    return filters


def _check_field(wanted: Filter) -> None:
    """Refuse a field that no event of ours has: a typing error would find nothing, and say so.

    Raises:
        UsageError: there is none; what other programs call theirs goes by payload.NAME.
    """
    first = wanted.field.partition(".")[0]
    if not wanted.is_of_payload or wanted.field.startswith(PAYLOAD) or first in _payload_names():
        return
    near = get_close_matches(first, [*FIELDS, *_payload_names()], n=1)
    mean = f"did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"cannot filter by {wanted.field!r}: no event of molt has it; {mean}fields are "
        f"{', '.join(FIELDS)}, and payload.{wanted.field} asks for one of your own",
        HELP,
    )


@cache
def _payload_names() -> frozenset[str]:
    return frozenset(key.rstrip("?") for kind in KINDS.values() for key in kind.payload)
