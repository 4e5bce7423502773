"""Decide when a world is given a generation that is started anew, although nothing is wrong.

Owns: the rule. Does not own: what is counted and carrying it out (`zone_renewal.py`), generations
(`generations.py`).
Pure. A zygote that is forked from the last one has all that this one had taken; only one that is
started by exec begins with nothing. Model: the recycling of workers in gunicorn (`max_requests`)
and in uwsgi: before growth can be seen, not after.
"""

from dataclasses import dataclass

PATIENCE_S = 600.0
"""How long one that is due waits for a moment at which nothing else changes."""
RETRY_S = 900.0
"""After one that came to nothing: the checkout cannot be loaded just now, and says so itself."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator has set.

    Args:
        interval_s: since the zygote in use, or the one it comes from by forks, was started; 0:
            however long ago.
        mutations_max: changes of the set of traits since then; 0: however many.
    """

    interval_s: float
    mutations_max: int


@dataclass(frozen=True, slots=True)
class Row:
    """The generations that come from one start, as of now. Seconds are of one clock.

    Args:
        started_s: when its first zygote was started.
        mutations: changes of the set of traits since.
        due_s: since when the rule wants another, None while it does not.
        tried_s: when another was begun in vain, None for never.
        busy: a generation is made ready, or the one before is kept for going back.
    """

    started_s: float
    mutations: int
    due_s: float | None = None
    tried_s: float | None = None
    busy: bool = False


def why_due(rules: Rules, row: Row, now_s: float) -> str:
    """Return why a row should end, "" while it need not."""
    if rules.mutations_max and row.mutations >= rules.mutations_max:
        return f"{row.mutations} mutations, the limit is {rules.mutations_max}"
    age_s = now_s - row.started_s
    if rules.interval_s and age_s >= rules.interval_s:
        return f"{age_s / 3600:.1f} hours, the limit is {rules.interval_s / 3600:g}"
    return ""


def decide_restart(rules: Rules, row: Row, now_s: float) -> bool:
    """Tell whether a generation is to be started anew at this moment."""
    if not why_due(rules, row, now_s):
        return False
    if row.tried_s is not None and now_s < row.tried_s + RETRY_S:
        return False
    patient = row.due_s is None or now_s < row.due_s + PATIENCE_S
    return not (row.busy and patient)
