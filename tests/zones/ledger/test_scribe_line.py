"""A line of a stranger becomes an event or a sentence that says why not."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.envelope import Level, Role, id_text, pack_envelope
from Kernel.contract.errors import CodecError
from Kernel.contract.user_bus import scribe_event_id
from zones.ledger.scribe_line import KEYS, Line, parse_line

ENTROPY = b"0123456789"
NOW_NS = 1_800_000_000_000_000_000


def parsed(**fields: Any) -> Line:
    """Return the event of a line with these keys."""
    return parse_line(json.dumps({"kind": "build.done", **fields}).encode(), NOW_NS, ENTROPY)


@pytest.mark.parametrize("depth", [300, 600, 900])
def test_credential_in_a_deep_nest_never_ends_the_archive(depth: int) -> None:
    """A line is stored without it or refused, however deep JSON lets it be nested."""
    nested: object = "password=hunter22"
    for _ in range(depth):
        nested = {"a": nested}
    try:
        event = parsed(payload={"a": nested}).envelope
    except CodecError:
        return
    assert b"hunter22" not in pack_envelope(event)


def test_credential_in_the_agent_is_taken_out() -> None:
    """Who speaks is told without it, too."""
    assert parsed(agent="ci ghp_" + "a1" * 18).envelope.agent == "ci [redacted]"


def test_every_key_has_its_place() -> None:
    """What is said stands in the envelope; the zone is the scribe, whatever is said."""
    cause, trace, span = "01" * 16, "ab" * 16, "cd" * 8
    line = parsed(
        payload={"ok": True, "n": 1.5}, agent="ci", role="reviewer", cause=cause, trace=trace,
        span=span, level="warning", tick=7, number=3, epoch="0f" * 8,
    )  # fmt: skip
    event = line.envelope
    assert (event.zone, event.kind, event.version, event.time_ns) == (
        "scribe", "build.done", 0, NOW_NS,
    )  # fmt: skip
    assert event.payload_fields() == {"ok": True, "n": 1.5}
    assert (event.agent, event.role, event.level) == ("ci", Role.REVIEWER, Level.WARNING)
    assert (event.cause.hex(), event.trace.hex(), event.span.hex()) == (cause, trace, span)
    assert event.tick == 7 and (line.epoch.hex(), line.number) == ("0f" * 8, 3)
    assert (
        event.id == scribe_event_id(line.epoch, 3) == parsed(number=3, epoch="0f" * 8).envelope.id
    )


def test_little_is_enough() -> None:
    """A kind alone is an event; hyphens in a cause do not matter; a time of its own counts."""
    assert parsed(time=5.5).envelope.time_ns == 5_500_000_000
    event = parse_line(b'{"kind": "a.b"}', NOW_NS, ENTROPY).envelope
    assert event.payload_fields() == {} and event.cause == b"" and event.tick is None
    assert parsed(cause=id_text(b"0123456789abcdef")).envelope.cause == b"0123456789abcdef"


def test_credentials_are_taken_out() -> None:
    """The sender is a stranger: the archive redacts for it."""
    event = parsed(payload={"api_key": "sk-abcdefghijklmnopqrstuvwxyz", "n": 1}).envelope
    assert event.payload_fields() == {"api_key": "[redacted]", "n": 1}


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"kind": "zone.died"}, "molt's own"), ({"kind": "archive.gap"}, "molt's own"),
        ({"kind": "molt.x"}, "molt's own"), ({"kind": "No Kind"}, "words of a-z"),
        ({"kind": "a" * 65}, "words of a-z"), ({"kind": 7}, "kind is a text"),
        ({"payload": [1]}, "payload an object"), ({"more": 1}, "'more'"),
        ({"zone": "kernel"}, "'zone'"), ({"agent": "x" * 65}, "agent"), ({"agent": 5}, "agent"),
        ({"role": "boss"}, "role"), ({"role": ["architect"]}, "role"), ({"level": 2}, "level"),
        ({"cause": "xyz"}, "event id"), ({"cause": 5}, "cause"), ({"trace": "ab"}, "trace"),
        ({"span": "zz" * 8}, "span"), ({"trace": 5}, "trace"), ({"tick": -1}, "tick"),
        ({"tick": True}, "tick"), ({"tick": 2**70}, "tick"), ({"number": 1}, "go together"),
        ({"epoch": "0f" * 8}, "go together"), ({"number": 0, "epoch": "0f" * 8}, "number"),
        ({"number": "1", "epoch": "0f" * 8}, "number"), ({"number": 1, "epoch": "0f"}, "epoch"),
        ({"payload": {"x": "y" * 70_000}}, "cannot"), ({"time": -1}, "time"),
        ({"time": "now"}, "time"), ({"time": True}, "time"), ({"time": 1e300}, "time"),
    ],
)  # fmt: skip
def test_what_is_refused_is_said(fields: dict[str, Any], part: str) -> None:
    """The sentence names what is wrong."""
    with pytest.raises(CodecError, match=r"^cannot ") as caught:
        parsed(**fields)
    assert part in caught.value.message


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_end_in_a_sentence(text: bytes) -> None:
    """Nothing a stranger writes does anything else."""
    try:
        parse_line(text, NOW_NS, ENTROPY)
    except CodecError as error:
        assert error.message.startswith("cannot ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(sorted(KEYS)), JSON, max_size=8))
def test_any_object_is_stored_or_refused(fields: dict[str, Any]) -> None:
    """What is taken can be stored."""
    try:
        line = parse_line(json.dumps(fields).encode(), NOW_NS, ENTROPY)
    except CodecError as error:
        assert error.message.startswith("cannot ")
    else:
        assert len(pack_envelope(line.envelope)) > 0
