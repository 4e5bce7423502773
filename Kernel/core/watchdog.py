"""Decide whether something that should move stands still.

Owns: since when a progress word has not changed, and what follows in each mode. Does not own:
reading the word (an arena's commit and liveness words, a heartbeat's count), killing.
Pure. First version: a deadline; telling starved from hung, the stack dump and the modes passive
and strict come with a later issue.
"""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """What the watchdog does about a zone that stands still."""

    PASSIVE = "passive"
    """It is recorded and shown; nobody is ended."""
    ACTIVE = "active"
    """A hung process is ended; one that got no processor time is given one deadline more."""
    STRICT = "strict"
    """The first missed deadline ends the process, starved or not."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What was seen last, and since when it has been the same. Seconds."""

    progress: tuple[int, ...] = ()
    since_s: float = 0.0


def observe(watch: Watch, progress: tuple[int, ...], now_s: float) -> Watch:
    """Return the watch after looking once."""
    return watch if progress == watch.progress else Watch(progress, now_s)


def is_stalled(watch: Watch, deadline_s: float, now_s: float) -> bool:
    """Tell whether nothing has moved for longer than the deadline."""
    return now_s - watch.since_s > deadline_s
