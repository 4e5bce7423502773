"""Spans out of events: what agents do as `agent_execution_cycle`, and what causes what.

Owns: which events make a span, its ids, its times, its attributes (SPEC 6). Does not own: where
spans go (`span_file.py`, `otlp.py`), when events are taken (`derived.py`). Pure.

Two sorts of spans:
- A *cycle* gathers what one agent does from one decision to the next: the decision, the changes of
  state, the errors. It is told when it is over.
- Every other event that was caused, or is an error, is a span of its own, from its cause to itself:
  so a drill, the death and the takeover stand below each other as they followed. What caused
  something and was not caused itself is told with its first effect. Telemetry and other events
  without cause and effect make no span.

Trace and span are those of the envelope where it has them. Else a trace has the id of the event at
the root of the causes, and a span the second half of its event's id: whoever makes the spans anew
from the same log makes the same.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct, field

from Kernel.contract.envelope import SPAN_BYTES, Envelope, Level, id_text
from Kernel.contract.errors import CodecError
from Kernel.contract.event_text import level_word, role_word
from zones.ledger.derived import Row
from zones.ledger.exports.span_values import (
    Value,
    count_lines,
    number_of,
    text_of,
    texts_of,
    values_of,
)

CYCLE: Final = "agent_execution_cycle"
DECISION: Final = "decision_made"
CHANGE: Final = "state_change_applied"
EXCEPTION: Final = "exception"
"""By OpenTelemetry's semantic conventions for recorded errors."""
PAUSE_NS: Final = 5 * 60 * 1_000_000_000
"""An agent that is silent for so long has ended its cycle."""
CYCLES_MAX: Final = 64
"""Open at once; of more the oldest is ended."""
HAPPENINGS_MAX: Final = 128
"""In one span, as in the SDK's own limits; with more the cycle is ended."""
KNOWN_MAX: Final = 8192
"""Events whose trace is remembered; of others it is looked up."""
DEPTH_MAX: Final = 64
_ACTS: Final = frozenset({"agent", "mission", "mutation", "evolution"})
_LAST: Final = frozenset({"mission.ended", "mutation.applied", "mutation.failed"})
_CRITICAL: Final = "CRITICAL_FAILURE"


class Happening(Struct):
    """An event of a span."""

    name: str
    time_ns: int
    attributes: dict[str, Value]


class Span(Struct):
    """One span; while it is open it is a cycle that goes on.

    Args:
        parent: b"" for none.
        error: what went wrong, "" for nothing.
    """

    trace: bytes
    span: bytes
    parent: bytes
    name: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Value]
    happenings: list[Happening] = field(default_factory=list)
    error: str = ""


@dataclass(slots=True)
class _Known:
    """What is remembered of an event: where its effects belong.

    Args:
        untold: it, if it has no span yet and gets one with its first effect.
    """

    trace: bytes
    span: bytes
    time_ns: int
    untold: Row | None = None


class SpanMaker:
    """Makes spans of events in their order.

    Args:
        find: gives an earlier event by its id, None where it is not found.
        cycles: those that are open, by the agent they are of, in the order they began.
        was_told: tells of an event that was forgotten here whether it got its span as a cause.

    Attributes:
        told: the events that got theirs so with the last that were taken.
    """

    def __init__(
        self,
        find: Callable[[bytes], Row | None],
        cycles: Mapping[str, Span] | None = None,
        was_told: Callable[[bytes], bool] = lambda _event_id: False,
    ) -> None:
        self.told: list[bytes] = []
        self._find = find
        self._was_told = was_told
        self.cycles: dict[str, Span] = dict(cycles or {})
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._rows: Sequence[Row] = ()
        self._by_id: dict[bytes, Row] | None = None

    def take(self, rows: Sequence[Row]) -> list[Span]:
        """Return the spans that are over with these events."""
        made: list[Span] = []
        self.told = []
        self._rows, self._by_id = rows, None
        for row in rows:
            envelope = row[1]
            if _is_act(envelope):
                made += self._act(row)
            elif envelope.cause or envelope.trace or envelope.level is Level.ERROR:
                made += self._follow(row)
        newest_ns = max((envelope.time_ns for _, envelope in rows), default=0)
        silent = [key for key, cycle in self.cycles.items() if cycle.end_ns + PAUSE_NS < newest_ns]
        made += [self.cycles.pop(key) for key in silent]
        self._rows, self._by_id = (), None
        return made

    def _follow(self, row: Row) -> Iterator[Span]:
        """Yield the span of an event that was caused, and first its cause's if that has none."""
        position, envelope = row
        cause = self._recall(envelope.cause) if envelope.cause else None
        yield from self._tell_cause(cause)
        known = self._place(envelope, cause)
        self._remember(envelope.id, known)
        yield _span_of((position, envelope), known, cause)

    def _act(self, row: Row) -> Iterator[Span]:
        """Take what an agent did into its cycle; yield the cycle that is over with it."""
        envelope = row[1]
        key = _agent_of(envelope)
        cause = self._recall(envelope.cause) if envelope.cause else None
        cycle = self.cycles.get(key)
        if cycle is not None and not _goes_on(cycle, envelope):
            yield self.cycles.pop(key)
            cycle = None
        if cycle is None:
            yield from self._tell_cause(cause)
            if len(self.cycles) >= CYCLES_MAX:
                yield self.cycles.pop(next(iter(self.cycles)))
            cycle = self.cycles[key] = self._begin(envelope, cause)
        _add_act(cycle, row)
        self._remember(envelope.id, _Known(cycle.trace, cycle.span, envelope.time_ns))
        if envelope.kind in _LAST:
            yield self.cycles.pop(key)

    def _tell_cause(self, cause: _Known | None) -> Iterator[Span]:
        """Yield the span of a cause that has none yet."""
        if cause is not None and cause.untold is not None:
            yield _span_of(cause.untold, cause, None)
            self.told.append(cause.untold[1].id)
            cause.untold = None

    def _begin(self, envelope: Envelope, cause: _Known | None) -> Span:
        known = self._place(envelope, cause)
        span = _some(envelope.span) if envelope.span else known.span
        parent = cause.span if cause is not None else envelope.cause[-SPAN_BYTES:]
        attributes: dict[str, Value] = {
            "agent.id": envelope.agent,
            "agent.role": role_word(envelope.role),
            "task.description": "",
            "state.start_hash": "",
            "molt.zone": envelope.zone,
        }
        return Span(
            known.trace,
            span,
            _other_than(span, parent),
            CYCLE,
            envelope.time_ns,
            envelope.time_ns,
            attributes,
        )

    def _place(self, envelope: Envelope, cause: _Known | None) -> _Known:
        """Return where an event belongs; what it makes known is not yet remembered."""
        trace = envelope.trace or (cause.trace if cause else envelope.cause or envelope.id)
        return _Known(_some(trace), _some(envelope.id[-SPAN_BYTES:]), envelope.time_ns)

    def _recall(self, event_id: bytes) -> _Known | None:
        """Return what is known of an earlier event, found by its id where it was forgotten."""
        chain: list[Row] = []
        known = None
        while event_id and len(chain) < DEPTH_MAX:
            known = self._known.get(event_id)
            row = None if known is not None else self._look_up(event_id)
            if row is None:
                break
            chain.append(row)
            event_id = row[1].cause
        for row in reversed(chain):
            cause, known = known, self._place(row[1], known)
            if _is_act(row[1]):
                cycle = self.cycles.get(_agent_of(row[1]))
                told = _some(row[1].span) if row[1].span else known.span
                known.span = cycle.span if cycle is not None and not row[1].span else told
            elif cause is None and not row[1].cause and not self._was_told(row[1].id):
                known.untold = row
            self._remember(row[1].id, known)
        return known

    def _look_up(self, event_id: bytes) -> Row | None:
        """Find an event among those being taken, or earlier."""
        if self._by_id is None:
            self._by_id = {row[1].id: row for row in self._rows}
        return self._by_id.get(event_id) or self._find(event_id)

    def _remember(self, event_id: bytes, known: _Known) -> None:
        self._known[event_id] = known
        self._known.move_to_end(event_id)
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)


def _is_act(envelope: Envelope) -> bool:
    """Tell whether an event is what an agent did."""
    family = envelope.kind.partition(".")[0]
    return family == "agent" or (family in _ACTS and bool(envelope.agent))


def _agent_of(envelope: Envelope) -> str:
    """Return whose cycle an act belongs to: by id, else the one of a role in a zone."""
    return envelope.agent or f"{envelope.zone}/{role_word(envelope.role)}"


def _goes_on(cycle: Span, envelope: Envelope) -> bool:
    """Tell whether an event belongs to its agent's open cycle."""
    if envelope.span:
        return _some(envelope.span) == cycle.span
    if envelope.time_ns > cycle.end_ns + PAUSE_NS or len(cycle.happenings) >= HAPPENINGS_MAX:
        return False
    decided = any(each.name == DECISION for each in cycle.happenings)
    return not (decided and envelope.kind == "agent.decided")


def _add_act(cycle: Span, row: Row) -> None:
    _, envelope = row
    fields = _payload(envelope)
    cycle.end_ns = max(cycle.end_ns, envelope.time_ns)
    happening = _HAPPENINGS.get(envelope.kind, _other)(envelope.kind, fields)
    happening.time_ns = envelope.time_ns
    happening.attributes["molt.event_id"] = id_text(envelope.id)
    cycle.happenings.append(happening)
    about = cycle.attributes
    if not about["task.description"]:
        task = fields.get("description") or fields.get("mission") or fields.get("input_trigger")
        about["task.description"] = text_of(task)
    if not about["state.start_hash"]:
        start = fields.get("previous_state_hash") or fields.get("context_hash")
        about["state.start_hash"] = text_of(start)
    error = _error_of(envelope, fields)
    if error:
        cycle.error = error
        cycle.happenings.append(_exception(envelope, error))


def _decision(_kind: str, fields: Mapping[str, Any]) -> Happening:
    rejected = texts_of(fields.get("rejected_alternatives"))
    return Happening(
        DECISION,
        0,
        {
            "rationale": text_of(fields.get("rationale")),
            "options_considered": texts_of(fields.get("options_considered")) or rejected,
            "selected_strategy": text_of(fields.get("selected_strategy")),
            "confidence_score": number_of(fields.get("confidence_score")),
        },
    )


def _change(_kind: str, fields: Mapping[str, Any]) -> Happening:
    added, removed = count_lines(text_of(fields.get("diff_patch"), limit=-1))
    return Happening(
        CHANGE,
        0,
        {
            "file_modified": text_of(fields.get("target_resource")),
            "lines_added": added,
            "lines_removed": removed,
            "new_state_hash": text_of(fields.get("new_state_hash")),
        },
    )


def _other(kind: str, fields: Mapping[str, Any]) -> Happening:
    return Happening(kind, 0, values_of(fields))


_HAPPENINGS: Final = {"agent.decided": _decision, "agent.changed_state": _change}


def _span_of(row: Row, known: _Known, cause: _Known | None) -> Span:
    """Return the span of one event, from its cause to itself."""
    position, envelope = row
    fields = _payload(envelope)
    error = _error_of(envelope, fields)
    start_ns = min(cause.time_ns, envelope.time_ns) if cause is not None else envelope.time_ns
    parent = envelope.span or (cause.span if cause else envelope.cause[-SPAN_BYTES:])
    attributes: dict[str, Value] = {
        "molt.event_id": id_text(envelope.id),
        "molt.position": position,
        "molt.zone": envelope.zone,
        "molt.level": level_word(envelope.level),
        **values_of(fields),
    }
    if envelope.tick is not None:
        attributes["molt.tick"] = envelope.tick
    return Span(
        known.trace,
        known.span,
        _other_than(known.span, parent),
        envelope.kind,
        start_ns,
        envelope.time_ns,
        attributes,
        [_exception(envelope, error)] if error else [],
        error,
    )


def _error_of(envelope: Envelope, fields: Mapping[str, Any]) -> str:
    """Return what went wrong, "" for nothing."""
    failed = envelope.kind == "mutation.failed" or fields.get("status") == _CRITICAL
    if envelope.level is not Level.ERROR and not failed:
        return ""
    told = fields.get("error") or fields.get("why") or fields.get("what") or fields.get("text")
    return text_of(told) or envelope.kind


def _exception(envelope: Envelope, error: str) -> Happening:
    attributes: dict[str, Value] = {"exception.type": envelope.kind, "exception.message": error}
    return Happening(EXCEPTION, envelope.time_ns, attributes)


def _payload(envelope: Envelope) -> Mapping[str, Any]:
    try:
        return envelope.payload_fields()
    except CodecError:
        return _NO_FIELDS


_NO_FIELDS: Final[Mapping[str, Any]] = {}


def _some(data: bytes) -> bytes:
    """Return an id that is not all zeros: that one stands for none."""
    return data if any(data) else b"\x01".rjust(len(data), b"\x00")


def _other_than(span: bytes, parent: bytes) -> bytes:
    """Return a parent that is one: no span is its own, and all zeros stand for none."""
    return parent if any(parent) and parent != span else b""
