"""The table of kinds: every row is sound, payloads are held to it, free kinds keep away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.envelope import KIND_CHARS_MAX, Level, Role, pack_envelope, parse_envelope
from Kernel.contract.errors import CodecError
from Kernel.contract.kind_table import ANY
from Kernel.contract.kinds import (
    FAMILIES,
    KINDS,
    Story,
    check_free_kind,
    check_payload,
    is_kind_name,
    make_event,
    make_free_event,
)
from Kernel.contract.kinds_of_agents import AGENT_KINDS
from Kernel.contract.kinds_of_kernel import KERNEL_KINDS
from Kernel.contract.kinds_of_world import WORLD_KINDS
from Kernel.contract.redaction import MARK

STORY = Story("stable", 1_700_000_000 * 10**9, 7, bytes(16), Role.CODER, "me", b"t" * 16, b"s" * 8)
VALUES = {str: "a", int: 3, float: 1.5, bool: True, bytes: b"b", ANY: [None, {"a": 1}]}


def sample(wanted: object) -> object:
    """Return a value that a key of this type takes."""
    if wanted in VALUES:
        return VALUES[wanted]
    return [] if getattr(wanted, "__origin__", wanted) is list else {}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_kind_takes_what_it_declares(name: str) -> None:
    """With all keys, and with those alone that must be there; nothing else, nothing less."""
    kind = KINDS[name]
    assert is_kind_name(name) and kind.version >= 1
    whole = {key.removesuffix("?"): sample(wanted) for key, wanted in kind.payload.items()}
    needed = {key: sample(wanted) for key, wanted in kind.payload.items() if not key.endswith("?")}
    for payload in (whole, needed):
        event = make_event(name, payload, STORY, bytes(10))
        assert event.payload_fields() == payload
        assert (event.kind, event.version, event.level) == (name, kind.version, kind.level)
        assert parse_envelope(pack_envelope(event)) == event
    if not kind.is_open:
        with pytest.raises(CodecError, match="cannot use the payload"):
            check_payload(kind, whole | {"no_such_key": 1})
        for key in needed:
            with pytest.raises(CodecError, match="cannot use the payload"):
                check_payload(kind, {each: needed[each] for each in needed if each != key})


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_key_takes_its_type_alone(name: str) -> None:
    """A value of another type is refused, except where anything goes."""
    kind = KINDS[name]
    whole = {key.removesuffix("?"): sample(wanted) for key, wanted in kind.payload.items()}
    for key, wanted in kind.payload.items():
        if wanted is ANY or kind.is_open:
            continue
        wrong = 5 if wanted is not int and wanted is not float else "five"
        with pytest.raises(CodecError, match="cannot use the payload"):
            check_payload(kind, whole | {key.removesuffix("?"): wrong})
        if key.endswith("?"):
            check_payload(kind, whole | {key.removesuffix("?"): None})


def test_no_kind_is_there_twice() -> None:
    """The tables do not hide each other's rows."""
    assert len(KINDS) == len(KERNEL_KINDS) + len(WORLD_KINDS) + len(AGENT_KINDS)


def test_an_event_carries_its_story() -> None:
    """Who, when, why; and an id of its own, unless it had to be known before."""
    event = make_event("config.read", {"changed": 1}, STORY, b"0123456789", Level.ERROR)
    assert event.level is Level.ERROR and event.cause == bytes(16) and event.agent == "me"
    assert (event.zone, event.tick, event.role) == ("stable", 7, Role.CODER)
    assert (event.trace, event.span) == (b"t" * 16, b"s" * 8)
    named = Story("stable", 1, event_id=b"i" * 16)
    assert make_event("config.read", {"changed": 1}, named, bytes(10)).id == b"i" * 16


def test_what_is_no_kind_is_refused() -> None:
    """Ours are those of the table."""
    with pytest.raises(CodecError, match="there is no such kind"):
        make_event("zone.nosuch", {}, STORY, bytes(10))


def test_a_payload_is_redacted() -> None:
    """In our kinds and in free ones."""
    key = "AKIA" + "A1" * 8
    ours = make_event("kernel.mended", {"what": key}, STORY, bytes(10))
    free = make_free_event("shop.sold", {"to": key, "token": "abc"}, STORY, bytes(10))
    assert ours.payload_fields() == {"what": MARK}
    assert free.payload_fields() == {"to": MARK, "token": MARK} and free.version == 0


@pytest.mark.parametrize("payload", [{"a": object()}, {"a": {1: 2}}, {1: 2}, {"a": "x" * 70_000}])
def test_what_is_no_plain_data_is_refused(payload: dict) -> None:
    """Or is too large."""
    with pytest.raises(CodecError):
        make_free_event("shop.sold", payload, STORY, bytes(10))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_our_families_are_ours(family: str) -> None:
    """A program outside cannot speak as molt."""
    with pytest.raises(CodecError, match="are molt's own"):
        check_free_kind(f"{family}.sold")


@pytest.mark.parametrize(
    "kind", ["", "Shop.sold", "shop.", ".sold", "shop sold", "shop.sold\n", "ß.a", "1.a", "a..b"]
)
def test_a_name_that_is_no_kinds_is_refused(kind: str) -> None:
    """Small letters, digits, dots between."""
    with pytest.raises(CodecError, match="cannot use the kind"):
        check_free_kind(kind)


def test_a_name_has_a_limit() -> None:
    """As the envelope has."""
    check_free_kind("s" * KIND_CHARS_MAX)
    with pytest.raises(CodecError):
        check_free_kind("s" * (KIND_CHARS_MAX + 1))


@given(st.text(max_size=70))
def test_any_text_is_a_name_or_not(text: str) -> None:
    """What passes fits into an envelope."""
    if is_kind_name(text):
        assert 1 <= len(text) <= KIND_CHARS_MAX and text.isascii()
