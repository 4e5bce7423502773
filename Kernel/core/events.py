"""The kernel's events: made, sent, and kept in memory for when everything else is dead.

Owns: making the envelope of what is logged; how much of events and log lines is kept. Does not own:
keeping them (`event_ring.py`), how a line of the log looks on stderr (`logger.py`), sending
(`log_sender.py`).

Whatever the kernel logs is an event, by its name and values: `log.warning("zone.died", zone=...)`;
`cause` is the id of the event that led to it. Some are none (NO_EVENTS): `zone.stderr` is a line a
zone wrote, and belongs to the logs, as does `zone.lines_dropped`, the number of those left out;
`world.ticking` and `boot.progress` say every few seconds what `status` says at any time; an event
that was rejected is not told by another event.

An event that its kind does not allow is a bug of ours, and no reason to end a kernel: it is kept as
`kernel.misfit`, with all it was to say.
"""

import json
import reprlib
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final, Protocol

from Kernel.contract.envelope import KERNEL, TICK_MAX, Envelope, Level, id_text, new_id
from Kernel.contract.errors import CodecError
from Kernel.contract.event_text import level_word
from Kernel.contract.event_words import pairs
from Kernel.contract.kinds import KINDS, Story, make_event
from Kernel.core.event_ring import Event, LogLine, Ring
from Kernel.core.logger import Log
from Kernel.ports.clock import Clock

EVENTS_MAX = 4096
LINES_MAX = 4096
BYTES_MAX = 2 * 1024 * 1024
"""What the kept events, and the kept lines, may take of memory (their text), bytes."""
PAYLOAD_BYTES_MAX = 4096
LINE_CHARACTERS_MAX = 2048
MISFIT_CHARACTERS_MAX = 2000
_LINE_EVENT = "zone.stderr"
NO_EVENTS = (_LINE_EVENT, "zone.lines_dropped", "world.ticking", "boot.progress", "event.rejected")
"""What is logged and no event."""
_LEVELS = {"info": Level.INFO, "warning": Level.WARNING, "error": Level.ERROR}


class EventLog(Protocol):
    """A log whose lines are events."""

    def info(self, event: str, **values: Any) -> bytes:
        """Keep and say something that happened; return the event's id, b"" when it is none."""

    def warning(self, event: str, **values: Any) -> bytes:
        """Keep and say something that went wrong and was dealt with."""

    def error(self, event: str, **values: Any) -> bytes:
        """Keep and say something an operator must look at."""

    def note(self, event: str, **values: Any) -> bytes:
        """Keep something that is said in another way, or not at all."""

    def reserve(self) -> bytes:
        """Return an id for an event that is told later, as `event_id`: its effects come first."""


class Recorder:
    """A log that makes an event of what it is told, keeps it, and passes it on.

    Args:
        log: where everything goes besides.
        entropy: returns so many random bytes.

    Attributes:
        tick_now: says the world's committed tick; set when there are zones.
        send: takes each event, for the ledger; set when there is a road to it.
    """

    def __init__(self, log: Log, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self.events: Ring[Event] = Ring(EVENTS_MAX, BYTES_MAX)
        self.lines: Ring[LogLine] = Ring(LINES_MAX, BYTES_MAX)
        self.tick_now: Callable[[], int | None] = lambda: None
        self.send: Callable[[Envelope], None] = lambda _envelope: None
        self._log = log
        self._clock = clock
        self._entropy = entropy

    def info(self, event: str, **values: Any) -> bytes:
        """Keep and say something that happened; return the event's id, b"" when it is none."""
        self._log.info(event, **_spoken(values))
        return self._keep("info", event, values)

    def warning(self, event: str, **values: Any) -> bytes:
        """Keep and say something that went wrong and was dealt with."""
        self._log.warning(event, **_spoken(values))
        return self._keep("warning", event, values)

    def error(self, event: str, **values: Any) -> bytes:
        """Keep and say something an operator must look at."""
        self._log.error(event, **_spoken(values))
        return self._keep("error", event, values)

    def note(self, event: str, **values: Any) -> bytes:
        """Keep something that is said in another way, or not at all; return the event's id."""
        declared = KINDS.get(event)
        return self._keep(level_word(declared.level) if declared else "info", event, values)

    def reserve(self) -> bytes:
        """Return an id for an event that is told later, as `event_id`: its effects come first."""
        return new_id(self._now_ns(), self._entropy(10))

    def _now_ns(self) -> int:
        return max(0, int(self._clock.wall_s() * 1e9))

    def _keep(self, level: str, kind: str, values: dict[str, Any]) -> bytes:
        zone = str(values.get("zone") or KERNEL)
        time_s = self._clock.wall_s()
        own = _spoken(values)
        if kind == _LINE_EVENT:
            self._keep_line(time_s, zone, "stderr", level, str(values.get("line", "")))
            return b""
        self._keep_line(time_s, zone, KERNEL, level, _as_line(kind, own))
        if kind in NO_EVENTS:
            return b""
        envelope = self._make(_LEVELS[level], kind, own, self._story(values))
        self._ring(envelope, zone, kind, level, own)
        self.send(envelope)
        return envelope.id

    def _story(self, values: Mapping[str, Any]) -> Story:
        tick = self.tick_now()
        if tick is not None and not 0 <= tick <= TICK_MAX:  # a world can write anything there
            tick = None
        cause, event_id = values.get("cause") or b"", values.get("event_id") or b""
        return Story(KERNEL, self._now_ns(), tick, cause, event_id=event_id)

    def _make(self, level: Level, kind: str, payload: dict[str, Any], story: Story) -> Envelope:
        try:
            return make_event(kind, payload, story, self._entropy(10), level)
        except CodecError as error:
            why = error.message
        shown = _SHORT.repr(payload)[:MISFIT_CHARACTERS_MAX]
        self._log.error("kernel.misfit", told=kind, why=why, values=shown)
        misfit = {"told": kind[:MISFIT_CHARACTERS_MAX], "why": why[:MISFIT_CHARACTERS_MAX]}
        return make_event(
            "kernel.misfit", misfit | {"values": shown}, story, self._entropy(10), Level.ERROR
        )

    def _ring(
        self, envelope: Envelope, zone: str, kind: str, level: str, own: dict[str, Any]
    ) -> None:
        payload, size = _as_payload(own)
        event = Event(
            id=id_text(envelope.id),
            position=self.events.newest + 1,
            at_s=self._clock.now_s(),
            time_s=envelope.time_ns / 1e9,
            tick=envelope.tick,
            zone=zone,
            kind=kind,
            level=level,
            cause=id_text(envelope.cause),
            payload=payload,
        )
        self.events.add(event, size + 256)  # the other fields, roughly

    def _keep_line(self, time_s: float, zone: str, source: str, level: str, text: str) -> None:
        text = text[:LINE_CHARACTERS_MAX]
        line = LogLine(self.lines.newest + 1, time_s, zone, source, level, text)
        self.lines.add(line, len(text) + 128)


_SHORT: Final = reprlib.Repr()
_SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = 32
_SHORT.maxstring = _SHORT.maxother = 400


def _spoken(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values an event tells, without those that place it among others."""
    return {key: value for key, value in values.items() if key not in ("cause", "event_id")}


def _as_payload(values: Mapping[str, Any]) -> tuple[dict[str, object], int]:
    """Return values as JSON would hold them, and how many bytes that takes; too much is cut."""
    own = {key: value for key, value in values.items() if key != "zone"}
    text = json.dumps(own, default=str, ensure_ascii=False)
    if len(text) > PAYLOAD_BYTES_MAX:
        cut = {key: str(value)[: PAYLOAD_BYTES_MAX // 16] for key, value in islice(own.items(), 8)}
        text = json.dumps(cut | {"cut": len(text)}, ensure_ascii=False)
    payload: dict[str, object] = json.loads(text)
    return payload, len(text)


def _as_line(kind: str, values: Mapping[str, Any]) -> str:
    return " ".join([kind, *pairs(values)])
