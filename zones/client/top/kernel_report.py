"""What the kernel says of itself, parsed once: zones, what is degraded, names of the phases.

Owns: the form of the console's `status` as far as `molt top` shows it. Does not own: asking
(`source.py`), the words of the answer (`Kernel/console/facts.py`). Pure. The answer comes from
another process: what is missing or of another type is shown as missing, text is stripped of
control characters, so that a zone cannot steer the terminal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ZONES_MAX: Final = 32
DEGRADED_MAX: Final = 32
PHASES_MAX: Final = 32
TEXT_MAX: Final = 200
NUMBER_MAX: Final = 1e18
MISSING: Final = "\u2013"
_THIN_SPACE: Final = "\u2009"


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone; None where the kernel told nothing."""

    name: str
    state: str
    pid: int | None
    heir_pid: int | None
    restarts: int | None
    memory_mb: float | None
    cpu_percent: float | None
    doing: str
    why: str


@dataclass(frozen=True, slots=True)
class Degraded:
    """Something that does not work as it should, and the command that helps."""

    what: str
    why: str
    hint: str


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a tick and how long it takes, milliseconds, a running mean."""

    name: str
    ms: float


@dataclass(frozen=True, slots=True)
class KernelReport:
    """An answer to `status`.

    Args:
        paused: whether the kernel says that the world holds still.
        ticks_per_s: as the kernel measured it, None when it did not.
        phases: in the order in which they run.
    """

    state: str
    pid: int | None
    uptime_s: float | None
    paused: bool
    ticks_per_s: float | None
    zones: tuple[Zone, ...]
    degraded: tuple[Degraded, ...]
    phases: tuple[Phase, ...]


def parse_status(answer: Mapping[str, object]) -> KernelReport:
    """Return what an answer to `status` says."""
    kernel, world = _fields(answer.get("kernel")), _fields(answer.get("world"))
    return KernelReport(
        state=_text(kernel, "state"),
        pid=_whole(kernel, "pid"),
        uptime_s=_number(kernel, "uptime_s"),
        paused=world.get("paused") is True,
        ticks_per_s=_number(world, "ticks_per_s"),
        zones=tuple(_zone(each) for each in _rows(answer.get("zones"), ZONES_MAX)),
        degraded=tuple(
            Degraded(_text(each, "what"), _text(each, "why"), _text(each, "hint"))
            for each in _rows(answer.get("degraded"), DEGRADED_MAX)
        ),
        phases=tuple(
            Phase(_text(each, "name"), _number(each, "ms") or 0.0)
            for each in _rows(world.get("phases"), PHASES_MAX)
        ),
    )


def _zone(fields: Mapping[str, object]) -> Zone:
    return Zone(
        name=_text(fields, "name"),
        state=_text(fields, "state"),
        pid=_whole(fields, "pid"),
        heir_pid=_whole(fields, "heir_pid"),
        restarts=_whole(fields, "restarts"),
        memory_mb=_number(fields, "memory_mb"),
        cpu_percent=_number(fields, "cpu_percent"),
        doing=_text(fields, "doing"),
        why=_text(fields, "why"),
    )


def _fields(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _rows(value: object, rows_max: int) -> list[Mapping[str, object]]:
    listed = value if isinstance(value, list) else []
    return [each for each in listed[:rows_max] if isinstance(each, dict)]


def _text(fields: Mapping[str, object], key: str) -> str:
    value = fields.get(key)
    text = "" if value is None else str(value)[:TEXT_MAX]
    return "".join(c if c.isprintable() or c == _THIN_SPACE else "·" for c in text)


def _whole(fields: Mapping[str, object], key: str) -> int | None:
    value = fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(fields: Mapping[str, object], key: str) -> float | None:
    value = fields.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < NUMBER_MAX else None  # NaN is not below anything
