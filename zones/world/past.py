"""The past of a world as the log tells it: what was done to it after a tick, and how far it came.

Owns: which events of a log belong to a world (through every arena it has lived in since), their
order, and that none is missing. Does not own: reading the log's files
(`zones/runtime/ledger_file.py`), computing the ticks again (`replaying.py`).
Pure: records in, a `Past` out.

An event of an arena carries the arena's id as its `agent`, and an id made of arena and number
(`arena_event_id`): so a missing one is seen. When a world gets a new arena, the first event it
tells there, `world.restored` or `world.migrated`, names the arena before and the tick at which it
left it. What the old arena did after that tick never happened, as is all of an arena that another
has replaced since: of two that go on from the same one, the later in the log counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from Kernel.contract.arena import State
from Kernel.contract.envelope import Envelope, arena_event_id, parse_envelope
from Kernel.contract.errors import CodecError, LedgerError
from zones.runtime.arena_image import ArenaImage
from zones.world.recorded import APPLIED, INPUTS_MAX, Recorded, parse_recorded

ROWS_MAX: Final = 5_000_000
"""Records looked at, newest first: some 10 s. At 300 ticks between snapshots, and a log that takes
50,000 events a second, it is 20 snapshots deep."""
EVENTS_MAX: Final = 1_000_000
"""Events of worlds among them: they are kept in memory until their order is known."""
ROWS_BEFORE_MAX: Final = 100_000
"""Records looked at behind the start, for the takeover before it."""
LOOK: Final = 4096
"""How far an event's number may be from the expected one and still be told."""
ARENA_CHARS: Final = 32
RESTORED: Final = "world.restored"
MIGRATED: Final = "world.migrated"
TELEMETRY: Final = "telemetry"
TAKEN_OVER: Final = "zone.taken_over"
REFUSED: Final = "archive.refused"


class Start(NamedTuple):
    """A committed tick from which ticks are computed again.

    Args:
        arena: its id, in hex.
        sequence: number of the next event of its outbox.
    """

    arena: str
    tick: int
    sequence: int


class Stretch(NamedTuple):
    """Ticks that a world has computed in one arena: those after `behind` up to `last`."""

    arena: str
    behind: int
    last: int


class TakenOver(NamedTuple):
    """A process that began to compute ticks after the one it found."""

    tick: int
    build: str


@dataclass(frozen=True, slots=True)
class Past:
    """What a log tells of a world after a tick.

    Args:
        inputs: in the order in which they were applied.
        tick: the newest one up to which nothing is missing; that of `start` if none is told of.
        known: the newest one the log tells of at all.
        why: why `tick` is no later, "" when nothing is missing.
        told: how many events of `tick` are stored: they are the first ones it has told.
        sequence: number of the event behind the newest one that is stored, in the last arena.
        stretches: oldest first; the last one's arena is the one to go on from.
        telemetry: payloads by tick: what must come out again.
        takeovers: by whom the ticks were computed, as far as the log was looked at.
        migrated: ticks at which the columns or the size of the world became others.
    """

    start: Start
    inputs: tuple[Recorded, ...] = ()
    tick: int = 0
    known: int = 0
    why: str = ""
    told: int = 0
    sequence: int = 0
    stretches: tuple[Stretch, ...] = ()
    telemetry: dict[int, dict[str, Any]] = field(default_factory=dict)
    takeovers: tuple[TakenOver, ...] = ()
    migrated: tuple[int, ...] = ()

    @property
    def arena(self) -> str:
        """Return the arena in which it ends, in hex."""
        return self.stretches[-1].arena if self.stretches else self.start.arena

    def tells_of(self, snapshot: Start) -> bool:
        """Return whether a later snapshot is of this world, and all before it is told of.

        One of a tick after the newest event says itself that there was none in between. One of the
        very tick at which an arena began is of what had been computed before.
        """
        for stretch in self.stretches:
            if stretch.arena == snapshot.arena and stretch.behind <= snapshot.tick <= stretch.last:
                return True
        is_last = self.arena == snapshot.arena and snapshot.tick > self.tick
        return is_last and not self.why and self.sequence == snapshot.sequence

    def inputs_until(self, tick: int) -> tuple[Recorded, ...]:
        """Return those that were applied up to a tick."""
        return tuple(each for each in self.inputs if each.tick <= tick)


def start_of(image: ArenaImage) -> Start:
    """Return the start that an image is."""
    place = State.OUTBOX_NEXT
    sequence = int.from_bytes(image.buffer[place : place + 8], "little")
    return Start(image.arena_id.hex(), image.tick, sequence)


def no_past(start: Start, why: str) -> Past:
    """Return the past of a world whose log says nothing, and why it does not."""
    return Past(start, tick=start.tick, known=start.tick, why=why, sequence=start.sequence)


def read_past(rows: Iterable[tuple[int, bytes]], start: Start, zone: str = "stable") -> Past:
    """Return what a log tells of a zone's world after `start`.

    Args:
        rows: position and record, newest first; it is left as soon as `start` is reached.
    """
    found: list[Envelope] = []
    cut = ""
    reached = 0
    try:
        for count, envelope in _rows_of(rows, zone):
            if reached:
                # Only who computed the ticks behind the start is still looked for.
                if envelope is not None and envelope.kind == TAKEN_OVER:
                    found.append(envelope)
                    break
                if envelope is None or count - reached > ROWS_BEFORE_MAX:
                    break
            elif envelope is None:
                cut = f"cannot find tick {start.tick} in the newest {count} events of the log"
                break
            elif envelope.agent == start.arena and _is_before(envelope, start):
                reached = count + 1
            else:
                found.append(envelope)
    except LedgerError as error:
        cut = "" if reached else error.message
    found.reverse()
    return _Teller(start, found, zone, cut).tell()


def newest_tick(rows: Iterable[tuple[int, bytes]], zone: str = "stable") -> int:
    """Return the tick of the newest event of a zone's world, 0 when the log has none near its end.

    Args:
        rows: as for `read_past`.
    """
    for count, envelope in _rows_of(rows, zone):
        if envelope is None or count > ROWS_BEFORE_MAX:
            break
        if envelope.zone == zone and envelope.kind != TAKEN_OVER:
            return envelope.tick or 0
    return 0


def _rows_of(rows: Iterable[tuple[int, bytes]], zone: str) -> Iterator[tuple[int, Envelope | None]]:
    """Yield the events that may be about a zone's world, numbered; None when it is too far."""
    mark = zone.encode()
    kept = 0
    for count, (_, record) in enumerate(rows):
        if count >= ROWS_MAX or kept >= EVENTS_MAX:
            yield count, None
            return
        if mark not in record:  # a tenth of the time that parsing takes
            continue
        try:
            envelope = parse_envelope(record)
        except CodecError:
            continue  # of an arena, its number will be missing
        if envelope.kind == TAKEN_OVER or len(envelope.agent) == ARENA_CHARS:
            kept += 1
            yield count, envelope


def _is_before(envelope: Envelope, start: Start) -> bool:
    """Tell whether an event of the start's arena was told by the start's tick already."""
    tick = envelope.tick or 0
    if tick != start.tick:
        return tick < start.tick
    number = find_number(envelope, start.sequence)
    return number is not None and number < start.sequence


def find_number(envelope: Envelope, expected: int) -> int | None:
    """Return the number of an arena's event, looked for around `expected`; None: it is not there.

    Its id is a hash of arena and number.
    """
    try:
        arena = bytes.fromhex(envelope.agent)
    except ValueError:
        return None
    for step in range(LOOK):
        if arena_event_id(arena, expected + step) == envelope.id:
            return expected + step
        if 0 < step <= expected and arena_event_id(arena, expected - step) == envelope.id:
            return expected - step
    return None


class _Link(NamedTuple):
    """The beginning of an arena: which one it goes on from, and after which tick."""

    child: str
    parent: str
    tick: int
    first: int
    kind: str


class _Teller:
    """Walks through the events of the arenas a world has lived in, oldest first."""

    def __init__(self, start: Start, found: Sequence[Envelope], zone: str, cut: str) -> None:
        self._start = start
        self._zone = zone
        self._cut = cut
        self._of: dict[str, list[Envelope]] = defaultdict(list)
        self._links: list[_Link] = []
        self._takeovers: list[TakenOver] = []
        for envelope in found:
            if envelope.kind == TAKEN_OVER:
                self._take_over(envelope)
                continue
            self._of[envelope.agent].append(envelope)
            if envelope.kind in (RESTORED, MIGRATED):
                link = _parse_link(envelope)
                if link is not None:
                    self._links.append(link)
        self._inputs: list[Recorded] = []
        self._telemetry: dict[int, dict[str, Any]] = {}
        self._stretches: list[Stretch] = []
        self._migrated: list[int] = []
        self._tick = start.tick
        self._told = 0
        self._sequence = start.sequence
        self._why = ""

    def tell(self) -> Past:
        """Return what was found."""
        arena, behind = self._start.arena, self._start.tick
        seen = {arena}
        # A restored arena tells anew what was not stored of its first tick: it did not compute it.
        computes_first = True
        while True:
            link = self._next(arena, behind, seen)
            last = link.tick if link is not None else None
            self._walk(arena, behind, last, computes_first)
            self._stretches.append(Stretch(arena, behind, self._tick))
            if self._why and link is not None and link.kind == RESTORED and self._tick == link.tick:
                self._why = ""  # it was no other when the next arena was made of it
            if link is None or self._why:
                break
            arena, behind = link.child, link.tick
            seen.add(arena)
            if link.tick > self._tick:
                self._tick, self._told = link.tick, 0
            self._stretches[-1] = self._stretches[-1]._replace(last=self._tick)
            computes_first = link.kind == MIGRATED
            if computes_first:
                self._migrated.append(link.tick)
            else:
                self._sequence = link.first
        if not self._why and self._cut and self._tick == self._start.tick:
            self._why = self._cut
        while link is not None:
            arena, behind = link.child, link.tick
            seen.add(arena)
            link = self._next(arena, behind, seen)
        told = [each.tick or 0 for each in self._of[arena]]
        return Past(
            start=self._start,
            inputs=tuple(self._inputs),
            tick=self._tick,
            known=max([self._tick, *told]),
            why=self._why,
            told=self._told,
            sequence=self._sequence,
            stretches=tuple(self._stretches),
            telemetry=self._telemetry,
            takeovers=tuple(self._takeovers),
            migrated=tuple(self._migrated),
        )

    def _next(self, arena: str, behind: int, seen: set[str]) -> _Link | None:
        """Return the newest link that leads on from an arena after `behind`."""
        for link in reversed(self._links):
            if link.parent == arena and link.tick >= behind and link.child not in seen:
                return link
        return None

    def _walk(self, arena: str, behind: int, last: int | None, computes_first: bool) -> None:
        """Take the events of one arena, up to those of tick `last`."""
        for envelope in self._of[arena]:
            tick = envelope.tick or 0
            if last is not None and tick > last:
                return  # undone
            number = find_number(envelope, self._sequence)
            if number is not None and number < self._sequence:
                continue  # brought over from the arena before, where it is stored, too
            if number != self._sequence:
                self._why = self._cut or _say_missing(arena, self._sequence, number)
                return
            if envelope.kind == REFUSED:
                self._why = f"cannot read event {number} of arena {arena[:8]}: it was refused"
                return
            # What the start counts as told is all of its tick: no later event can be of it.
            of_start = not self._stretches and tick <= self._start.tick
            if tick < self._tick or of_start:
                self._why = f"cannot use event {number} of arena {arena[:8]}: its tick is {tick}"
                return
            if not self._take(envelope, tick, tick > behind or computes_first):
                return
            self._sequence = number + 1
            if tick > self._tick:
                self._tick, self._told = tick, 0
            self._told += tick == self._tick and envelope.kind not in (RESTORED, MIGRATED)

    def _take(self, envelope: Envelope, tick: int, counts: bool) -> bool:
        """Take one event; return whether it could be read."""
        if not counts or envelope.kind not in (APPLIED, TELEMETRY):
            return True
        try:
            payload = envelope.payload_fields()
            if envelope.kind == TELEMETRY:
                self._telemetry[tick] = payload
                return True
            recorded = parse_recorded(payload)
            if len(self._inputs) >= INPUTS_MAX:
                raise CodecError(f"more than {INPUTS_MAX} inputs are beyond the limits")
        except CodecError as error:
            self._why = f"cannot use the input of tick {tick}: {error.message}"
            # Its own tick cannot be computed any more; those before can.
            self._tick = max(self._start.tick, tick - 1)
            self._inputs = [each for each in self._inputs if each.tick <= self._tick]
            return False
        self._inputs.append(recorded)
        return True

    def _take_over(self, envelope: Envelope) -> None:
        try:
            payload = envelope.payload_fields()
        except CodecError:
            return
        tick, build = payload.get("tick_found"), payload.get("build") or payload.get("generation")
        if payload.get("zone", envelope.zone) == self._zone and type(tick) is int:
            self._takeovers.append(TakenOver(tick, str(build or "")[:64]))


def _say_missing(arena: str, expected: int, number: int | None) -> str:
    which = f"event {expected}"
    if number is not None and number - 1 > expected:
        which = f"events {expected} to {number - 1}"
    return f"cannot find {which} of arena {arena[:8]} in the log"


def _parse_link(envelope: Envelope) -> _Link | None:
    try:
        payload = envelope.payload_fields()
    except CodecError:
        return None
    parent, tick, first = payload.get("from_arena"), payload.get("tick"), payload.get("first")
    if type(parent) is not str or type(tick) is not int or type(first) is not int:
        return None  # a snapshot that was brought to these columns: the restoring tells of it
    return _Link(envelope.agent, parent, tick, first, envelope.kind)
