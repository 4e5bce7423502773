"""What became of the hostile sources, as a table for people.

Owns: rows, columns and the words around them. Does not own: what is counted (`campaign.py`).
"""

from collections import Counter
from typing import Final

from tests.cage.campaign import FOLDERS, Campaign, Fate, uncontained

ENDS: Final = (
    "ran to its end", "faults", "killed by the filter", "crashed", "left", "hung", "flooded",
    "lied",
)  # fmt: skip
_OTHER: Final = "refused otherwise"
_COLUMNS: Final = (*ENDS, _OTHER)


def render(campaign: Campaign) -> str:
    """Return the measured section on sources."""
    wrong = list(uncontained(campaign))
    head = ("corpus", "category", "sources", *_COLUMNS, "reached or harmed something")
    lines = [_line(head), _line(["---"] * len(head))]
    for folder in FOLDERS:
        fates = [fate for fate in campaign.fates if fate.folder == folder]
        for category in sorted({fate.category for fate in fates}):
            lines.append(
                _row(folder, category, [fate for fate in fates if fate.category == category])
            )
    lines.append(_row("**all**", "", list(campaign.fates)))
    parts = [
        f"{len(campaign.fates)} sources, neither checked nor guarded, run as plain Python with all "
        "its builtins in trials of a running kernel. Every end is an event with its cause. "
        f"Meanwhile the world computed {campaign.ticks} ticks and missed "
        f"{campaign.missed_per_min:.1f} a minute; while nothing was tried "
        f"{campaign.missed_idle_per_min:.1f}. It took {campaign.seconds / 60:.0f} minutes.",
        "\n".join(lines),
        "\n".join(f"- {words}" for words in wrong) or "Nothing was reached, nothing was left over.",
    ]
    return "\n\n".join(parts) + "\n"


def _row(folder: str, category: str, fates: list[Fate]) -> str:
    ends = Counter(fate.end if fate.end in ENDS else _OTHER for fate in fates)
    cells = [str(ends[column] or "") for column in _COLUMNS]
    wrong = sum(bool(fate.wrong) for fate in fates)
    return _line([folder, category, str(len(fates)), *cells, str(wrong)])


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
