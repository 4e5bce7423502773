"""What must hold of spans: the names of SPEC 6, and one trace for what belongs together."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, Role
from tests.zones.ledger.exports.samples import (
    CHANGED,
    DECIDED,
    MESSAGED,
    SIGNALLED,
    START_NS,
    STEP_NS,
    drill,
    event,
    event_id,
    samples,
)
from tests.zones.ledger.exports.test_protobuf import envelopes
from zones.ledger.derived import Row
from zones.ledger.exports import span_values
from zones.ledger.exports.spans import CYCLES_MAX, HAPPENINGS_MAX, Span, SpanMaker

FAR_NS = START_NS + 10**15
AGENT: dict[str, Any] = {"agent": "coder-1", "role": Role.CODER}


def nobody(_event_id: bytes) -> Row | None:
    return None


def numbered(events: Sequence[Envelope], first: int = 1) -> list[Row]:
    return list(enumerate(events, first))


def later() -> Envelope:
    """Return a telemetry event so late that every open cycle is over."""
    return Envelope(event_id(999), FAR_NS, 1, "stable", "telemetry", 1, Level.INFO, pack({}))


def made(*events: Envelope) -> list[Span]:
    return SpanMaker(nobody).take(numbered([*events, later()]))


class TestCycles:
    def test_cycle_says_what_the_specification_names(self) -> None:
        """Name, attributes and events of SPEC 6, to the letter."""
        (cycle,) = made(
            event(1, "agent.decided", DECIDED, **AGENT),
            event(2, "agent.changed_state", CHANGED, cause=event_id(1), **AGENT),
        )
        assert cycle.name == "agent_execution_cycle"
        assert cycle.attributes["agent.id"] == "coder-1"
        assert cycle.attributes["task.description"] == "feed them"
        assert cycle.attributes["state.start_hash"] == "c0ffee"
        decision, change = cycle.happenings
        assert decision.name == "decision_made"
        assert {key: decision.attributes[key] for key in decision.attributes if "." not in key} == {
            "rationale": "food is far, the slow starve",
            "options_considered": ["more food", "fewer births", "faster legs"],
            "selected_strategy": "faster legs",
            "confidence_score": 0.87,
        }
        assert change.name == "state_change_applied"
        assert {key: change.attributes[key] for key in change.attributes if "." not in key} == {
            "file_modified": "mutations/trait_legs_v2.py",
            "lines_added": 2,
            "lines_removed": 1,
            "new_state_hash": "bb22",
        }
        assert (cycle.start_ns, cycle.end_ns) == (START_NS + STEP_NS, START_NS + 2 * STEP_NS)
        assert cycle.error == ""

    def test_next_decision_ends_a_cycle(self) -> None:
        """Each decision with what came of it is one span."""
        first, second = made(
            event(1, "agent.decided", DECIDED, **AGENT),
            event(2, "agent.changed_state", CHANGED, **AGENT),
            event(3, "agent.decided", DECIDED, **AGENT),
            event(4, "agent.messaged", MESSAGED, **AGENT),
        )
        assert [each.name for each in first.happenings] == ["decision_made", "state_change_applied"]
        assert [each.name for each in second.happenings] == ["decision_made", "agent.messaged"]

    def test_agents_have_cycles_of_their_own(self) -> None:
        """What two of them do at the same time is not mixed; no id: by zone and role."""
        other = {"agent": "", "role": Role.REVIEWER}
        two = made(
            event(1, "agent.decided", DECIDED, **AGENT),
            event(2, "agent.decided", DECIDED, **other),
            event(3, "agent.changed_state", CHANGED, **AGENT),
        )
        assert sorted(len(cycle.happenings) for cycle in two) == [1, 2]

    def test_ids_of_the_envelope_count(self) -> None:
        """Trace and span are the sender's; another span begins another cycle."""
        ids = {"trace": b"t" * 16, "span": b"s" * 8}
        first, second = made(
            event(1, "agent.decided", DECIDED, **AGENT, **ids),
            event(2, "agent.decided", DECIDED, **AGENT, **ids),
            event(3, "agent.decided", DECIDED, **AGENT, trace=b"t" * 16, span=b"z" * 8),
        )
        assert (first.trace, first.span, len(first.happenings)) == (b"t" * 16, b"s" * 8, 2)
        assert (second.trace, second.span) == (b"t" * 16, b"z" * 8)

    def test_cycle_that_another_one_caused_is_below_it(self) -> None:
        """The coder's cycle has the architect's as its parent, in the same trace."""
        architect = {"agent": "architect-1", "role": Role.ARCHITECT}
        coder, above = sorted(
            made(
                event(1, "agent.decided", DECIDED, **architect),
                event(2, "agent.decided", DECIDED, cause=event_id(1), **AGENT),
            ),
            key=lambda cycle: cycle.parent == b"",
        )
        assert coder.trace == above.trace == event_id(1)
        assert coder.parent == above.span == event_id(1)[8:]

    def test_errors_are_recorded(self) -> None:
        """A failed mutation, a critical state and an event of level error fail the span."""
        failed = {"mutation_id": "m", "error": "line 3", "stage": "trial", "rollback_to": "r"}
        bad = Level.ERROR
        for told, why in (
            (event(2, "mutation.failed", failed, **AGENT), "line 3"),
            (
                event(2, "agent.signalled", SIGNALLED | {"status": "CRITICAL_FAILURE"}, **AGENT),
                "agent.signalled",
            ),
            (
                event(2, "agent.signalled", SIGNALLED | {"what": "model"}, level=bad, **AGENT),
                "model",
            ),
        ):
            (cycle,) = made(event(1, "agent.decided", DECIDED, **AGENT), told)
            assert cycle.error == why
            last = cycle.happenings[-1]
            assert last.name == "exception"
            assert last.attributes == {"exception.type": told.kind, "exception.message": why}

    def test_end_of_a_mission_ends_it_at_once(self) -> None:
        """Nobody has to wait for silence."""
        maker = SpanMaker(nobody)
        ended = {"mission": "feed", "outcome": "fed", "succeeded": True}
        begun = event(
            1, "mission.started", {"mission": "feed", "description": "so all eat"}, **AGENT
        )
        (cycle,) = maker.take(numbered([begun, event(2, "mission.ended", ended, **AGENT)]))
        assert cycle.attributes["task.description"] == "so all eat"
        assert maker.cycles == {}

    def test_open_cycles_and_their_events_are_bounded(self) -> None:
        """The oldest is ended for a new one; a long one is cut in two."""
        maker = SpanMaker(nobody)
        many = [event(n, "agent.decided", DECIDED, agent=f"a{n}") for n in range(1, CYCLES_MAX + 3)]
        assert [each.attributes["agent.id"] for each in maker.take(numbered(many))] == ["a1", "a2"]
        assert len(maker.cycles) == CYCLES_MAX
        talk = [event(n, "agent.messaged", MESSAGED, **AGENT) for n in range(HAPPENINGS_MAX + 1)]
        assert sorted(len(each.happenings) for each in made(*talk)) == [1, HAPPENINGS_MAX]


class TestCauses:
    def test_drill_and_takeover_are_one_trace(self) -> None:
        """From the command down, each below what caused it, from its cause to itself."""
        steps = drill()
        found = made(*steps)
        assert [span.name for span in found] == [each.kind for each in steps]
        assert {span.trace for span in found} == {steps[0].id}
        assert [span.span for span in found] == [each.id[8:] for each in steps]
        assert [span.parent for span in found] == [b"", *(each.id[8:] for each in steps[:-1])]
        assert (found[3].start_ns, found[3].end_ns) == (steps[2].time_ns, steps[3].time_ns)
        assert found[1].attributes["molt.payload.fault"] == "kill"
        assert found[3].attributes["molt.position"] == 4
        assert found[3].attributes["molt.tick"] == 184_503

    def test_event_without_cause_and_effect_makes_no_span(self) -> None:
        """Telemetry, five times a second, would bury what matters."""
        assert made(*drill()[:1]) == []

    def test_error_is_a_span_of_its_own(self) -> None:
        """Also where nothing is known of its cause."""
        (span,) = made(
            event(1, "archive.damaged", {"position": 3, "why": "bad"}, level=Level.ERROR)
        )
        assert (span.name, span.error) == ("archive.damaged", "bad")
        assert span.happenings[0].name == "exception"

    def test_cause_is_found_in_the_log_after_a_restart(self) -> None:
        """A new maker that knows nothing gives the same trace, and the parent's span."""
        steps = drill()
        log = {each.id: (place, each) for place, each in enumerate(steps, 1)}
        (span,) = SpanMaker(log.get).take([(4, steps[3])])
        assert (span.trace, span.parent) == (steps[0].id, steps[2].id[8:])
        assert span.start_ns == steps[2].time_ns

    def test_cause_that_nobody_knows_is_the_root(self) -> None:
        """All its effects are still one trace."""
        one, two = made(
            *drill()[1:2], event(90, "drill.ended", {"fault": "kill"}, cause=event_id(20))
        )
        assert one.trace == two.trace == event_id(20)
        assert one.parent == two.parent == event_id(20)[8:]

    def test_causes_in_a_circle_come_to_an_end(self) -> None:
        """Senders are not trusted."""
        a = event(1, "x.y", {}, cause=event_id(2))
        b = event(2, "x.y", {}, cause=event_id(1))
        c = event(3, "x.y", {}, cause=event_id(3))
        assert len(made(a, b, c)) >= 3

    def test_no_id_is_all_zeros(self) -> None:
        """That one stands for none, and a collector refuses it."""
        zero = Envelope(bytes(16), 1, None, "scribe", "a.b", 0, Level.ERROR, b"")
        (span,) = made(zero)
        assert any(span.trace) and any(span.span)


@pytest.mark.slow
@given(events=st.lists(envelopes(), max_size=6))
def test_any_event_can_be_taken(events: list[Envelope]) -> None:
    """Whatever a stranger wrote, spans have valid ids and end after they began."""
    for span in made(*events):
        assert len(span.trace) == 16 and any(span.trace)
        assert len(span.span) == 8 and any(span.span)
        assert span.start_ns <= span.end_ns
        assert span.parent != span.span
        assert span.parent == b"" or any(span.parent)


@given(cut=st.integers(0, len(samples())))
def test_where_batches_end_changes_nothing(cut: int) -> None:
    """Open cycles go over the border, as they do over a restart."""
    rows = numbered([*samples(), later()])
    whole = SpanMaker(nobody).take(rows)
    log = {row[1].id: row for row in rows}
    first = SpanMaker(log.get)
    parts = first.take(rows[:cut])
    second = SpanMaker(log.get, first.cycles, set(first.told).__contains__)
    assert _sorted(parts + second.take(rows[cut:])) == _sorted(whole)


def _sorted(found: list[Span]) -> list[tuple[bytes, str, int]]:
    return sorted((each.span, each.name, len(each.happenings)) for each in found)


def test_limits_are_kept() -> None:
    """A payload of endless texts makes no endless span."""
    long = event(
        1,
        "x.y",
        {f"k{n}": "x" * 1000 for n in range(50)},
        level=Level.ERROR,
    )
    (span,) = made(long)
    told = [value for key, value in span.attributes.items() if key.startswith("molt.payload.")]
    assert len(told) == span_values.PAYLOAD_ATTRIBUTES_MAX
    assert all(len(str(value)) <= span_values.PAYLOAD_TEXT_MAX for value in told)
