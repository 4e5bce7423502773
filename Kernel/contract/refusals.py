"""Requests that were refused, counted by road, who and what; and which of them are told.

Owns: the counts of one process, and when one more is an event. Does not own: who may ask what
(`policy.py`), saying it (who has refused). Pure: the time is the caller's.

Each refusal is counted. The first TOLD_AT_ONCE of a row are each an event; of whoever goes on, one
a TOLD_AGAIN_S, with the count so far: a zone that babbles fills no ledger.
"""

from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.policy import UNKNOWN, Road, known_request

TOLD_AT_ONCE: Final = 3
TOLD_AGAIN_S: Final = 60.0
ROWS_MAX: Final = 128
"""So many pairs of who and what; further ones are counted together, as "others"."""
WHY_CHARS_MAX: Final = 400
OTHERS: Final = "others"
MALFORMED: Final = "malformed"
"""What cannot be read is no request of the table, and is counted all the same."""


@dataclass(slots=True)
class _Row:
    count: int = 0
    why: str = ""
    told_s: float = 0.0


class Refusals:
    """Those of one process, since it began."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Road, str, str], _Row] = {}

    def note(self, road: Road, who: str, request: str, why: str, now_s: float) -> dict[str, Any]:
        """Count one refusal; return what the event about it tells, nothing where there is none.

        Args:
            who: a zone by its name, or a party.
            request: as in the table of `policy.py`, or MALFORMED.
            why: for people; it may carry words of whoever was refused.
        """
        named = request if request == MALFORMED else known_request(road, request)
        key = (road, who, named)
        if key not in self._rows and len(self._rows) >= ROWS_MAX:
            key = (road, OTHERS, UNKNOWN)
        row = self._rows.setdefault(key, _Row())
        row.count += 1
        row.why = why[:WHY_CHARS_MAX]
        if row.count > TOLD_AT_ONCE and now_s - row.told_s < TOLD_AGAIN_S:
            return {}
        row.told_s = now_s
        return {
            "road": road.value,
            "who": key[1],
            "request": key[2],
            "why": row.why,
            "count": row.count,
        }

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(row.count for row in self._rows.values())

    def fields(self) -> list[dict[str, Any]]:
        """Return a row for each who and what, the most refused first."""
        found = sorted(self._rows.items(), key=lambda each: -each[1].count)
        return [
            {"road": road.value, "who": who, "request": request, "count": row.count, "why": row.why}
            for (road, who, request), row in found
        ]
