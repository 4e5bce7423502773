"""The log of births and deaths: what it holds, and telling of it in columnar events.

Owns: carrying the log from buffer to buffer, when it is told and in which form. Does not own:
writing its rows (`lifecycle.py`) nor the ring (`outbox.py`).

The log is part of the state, so that a kill, a takeover or a snapshot between two tellings loses
no birth and no death. Each buffer holds all rows: a tick first copies those that the last one
added. Phylogeny and "why did it die" are made from these events.
"""

from itertools import pairwise
from typing import Any, Final

import numpy as np

from Kernel.contract.arena import State
from zones.world.columns import I32, LOG, LOG_COUNT, LOG_NEW, LOG_SPARE, LOG_TOLD, Buffer
from zones.world.lifecycle import BORN
from zones.world.outbox import TELEMETRY_TICKS, Outbox

ROWS_PER_EVENT: Final = 2048
"""A row takes 30 bytes at most, so that a full event stays below the 64 KiB of a message."""


def carry_log(old: Buffer, new: Buffer) -> None:
    """Bring the log of B up to that of A, without the rows told; the state block is copied already.

    Rows of B that an attempt which was killed may have moved would be lost, so rows move on their
    way from A to B only. Changes `new`.
    """
    count, fresh, told = old.scalar(LOG_COUNT), old.scalar(LOG_NEW), old.scalar(LOG_TOLD)
    left = count - told
    if told:
        fresh = left
    if fresh:
        for name in LOG:
            getattr(new, name)[left - fresh : left] = getattr(old, name)[count - fresh : count]
    new.scalars[LOG_COUNT >> 3] = left
    # After a move all rows have another place than in A: the next tick has to copy all of them.
    new.scalars[LOG_NEW >> 3] = left if told else 0
    new.scalars[LOG_TOLD >> 3] = 0


def tell_log(outbox: Outbox, tick: int, new: Buffer) -> None:
    """Tell of the log when it is time, and empty it. What finds no room stays where it is."""
    count = new.scalar(LOG_COUNT)
    if not count or (count < LOG_SPARE and tick % TELEMETRY_TICKS):
        return
    told = 0
    while told < count:
        end = min(told + ROWS_PER_EVENT, count)
        if not outbox.append(tick, lineage_event(tick, new, told, end), safety=False):
            break
        told = end
    if told == count:
        new.scalars[LOG_COUNT >> 3] = 0
        new.scalars[LOG_NEW >> 3] = 0
    else:
        new.scalars[LOG_TOLD >> 3] = told


def lineage_event(tick: int, buffer: Buffer, first: int, end: int) -> dict[str, Any]:
    """Return the `world.lineage` event of the rows from `first` to `end`.

    `born`: whose parent is 0 was seeded. `died`: cause 1 starvation, 2 age, 3 collision. `ticks`
    are runs [tick, how many].
    """
    rows = slice(first, end)
    cause = buffer.log_cause[rows]
    born, died = cause == BORN, cause != BORN
    ids, ticks = buffer.log_id[rows], buffer.log_tick[rows]
    return {
        "kind": "world.lineage",
        "tick": tick,
        "born": {
            "ids": ids[born].tolist(),
            "parents": buffer.log_parent[rows][born].tolist(),
            "lineages": buffer.log_lineage[rows][born].tolist(),
            "ticks": _runs(ticks[born]),
        },
        "died": {
            "ids": ids[died].tolist(),
            "causes": cause[died].tolist(),
            "ticks": _runs(ticks[died]),
        },
        "lost": buffer.scalar(State.LIVES_UNTOLD),
    }


def _runs(values: I32) -> list[list[int]]:
    """Return [value, how many in a row] of each run of equal values."""
    if not len(values):
        return []
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return [[int(values[lo]), hi - lo] for lo, hi in pairwise(edges)]
