"""One order out of two: what shares words with a question, and what means the same.

Owns: the search text for SQLite, the fusion of ranks. Does not own: where the lists come from
(`store.py`). Pure.
Model: reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009), k = 60 as there.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from zones.runtime.lessons.vectors import words

K: Final = 60
TERMS_MAX: Final = 48
"""Words of a question that are looked for; the rest of a long one changes little."""


def match_text(question: str, every: bool = False) -> str:
    """Return a question in the language of FTS5: any of its words; "" when it has none.

    Only letters and digits of it are kept, each word in quotes, so nothing in it is an operator.

    Args:
        every: all of its words.
    """
    told = dict.fromkeys(words(question))
    join = " AND " if every else " OR "
    return join.join(f'"{word}"' for word in list(told)[:TERMS_MAX])


def rank(scores: Mapping[str, float]) -> dict[str, int]:
    """Return the rank of each id, 1 for the highest score; equal scores share a rank."""
    ranks: dict[str, int] = {}
    last: float | None = None
    current = 0
    for count, (name, score) in enumerate(
        sorted(scores.items(), key=lambda item: (-item[1], item[0])), start=1
    ):
        if score != last:
            last, current = score, count
        ranks[name] = current
    return ranks


def fuse(lists: Sequence[Mapping[str, float]]) -> list[tuple[str, float]]:
    """Return ids with their fused score, best first; equal ones in the order of their ids.

    Args:
        lists: id -> score, higher is better; an id may be missing in some.
    """
    fused: dict[str, float] = {}
    for scores in lists:
        for name, place in rank(scores).items():
            fused[name] = fused.get(name, 0.0) + 1.0 / (K + place)
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))
