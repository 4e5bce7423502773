"""Which events there are: every kind with its version, level, and the types of its payload.

Owns: the mechanism, and making an event that has been validated and redacted. Does not own: the
tables (`kinds_of_kernel.py`, `kinds_of_world.py`, `kinds_of_agents.py`), the envelope.

A payload is a map whose keys and types the kind declares; an unknown key, a missing one or a wrong
type is refused where the event is made, so that what is stored needs no second look. Programs
outside molt may make up kinds of their own, in families that molt does not use.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from Kernel.contract.codec import pack
from Kernel.contract.envelope import (
    KIND_CHARS_MAX,
    PAYLOAD_BYTES_MAX,
    Envelope,
    Level,
    Role,
    new_id,
)
from Kernel.contract.errors import CodecError
from Kernel.contract.kind_table import ANY, Kind
from Kernel.contract.kinds_of_agents import AGENT_KINDS
from Kernel.contract.kinds_of_kernel import KERNEL_KINDS
from Kernel.contract.kinds_of_world import WORLD_KINDS
from Kernel.contract.redaction import may_need_redaction, redact, redact_text

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind for kind in (*KERNEL_KINDS, *WORLD_KINDS, *AGENT_KINDS)
}
FAMILIES: Final = frozenset(name.partition(".")[0] for name in KINDS) | {"molt"}
"""First words of our kinds; a free kind of the scribe has another one."""
_HINT: Final = "molt help emit"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*\Z")


class Story(Struct, frozen=True):
    """What surrounds an event besides its kind and payload; see `Envelope`.

    Args:
        event_id: its id, where it had to be known before; b"": it gets one.
    """

    zone: str
    time_ns: int
    tick: int | None = None
    cause: bytes = b""
    role: Role = Role.UNSPECIFIED
    agent: str = ""
    trace: bytes = b""
    span: bytes = b""
    event_id: bytes = b""


def make_event(
    kind: str,
    payload: Mapping[str, Any],
    story: Story,
    entropy: bytes,
    level: Level | None = None,
) -> Envelope:
    """Return an event, its payload validated and redacted.

    Args:
        payload: not changed.
        entropy: 10 random bytes, for the id.
        level: None: that of the kind.

    Raises:
        CodecError: there is no such kind, or the payload is not what it declares.
    """
    declared = KINDS.get(kind)
    if declared is None:
        raise CodecError(f"cannot make an event of kind {kind[:80]!r}: there is no such kind")
    check_payload(declared, payload)
    return _build(declared, payload, story, entropy, level)


def make_free_event(
    kind: str, payload: Mapping[str, Any], story: Story, entropy: bytes, level: Level = Level.INFO
) -> Envelope:
    """Return an event of a kind that a program outside molt has made up, redacted; version 0.

    Raises:
        CodecError: the kind's name is not allowed, or the payload is no plain data.
    """
    check_free_kind(kind)
    return _build(Kind(kind, {}, version=0), payload, story, entropy, level)


def _build(
    kind: Kind,
    payload: Mapping[str, Any],
    story: Story,
    entropy: bytes,
    level: Level | None,
) -> Envelope:
    return Envelope(
        id=story.event_id or new_id(story.time_ns, entropy),
        time_ns=story.time_ns,
        tick=story.tick,
        zone=story.zone,
        kind=kind.name,
        version=kind.version,
        level=kind.level if level is None else level,
        payload=_pack_clean(payload),
        cause=story.cause,
        role=story.role,
        agent=redact_text(story.agent)[0],
        trace=story.trace,
        span=story.span,
    )


def _pack_clean(payload: Mapping[str, Any]) -> bytes:
    """Return the payload packed and redacted.

    Raises:
        CodecError: it is no plain data, too large, or nested too deep.
    """
    try:
        packed = pack(payload, PAYLOAD_BYTES_MAX)
    except CodecError:  # of a mapping that is no dict, or too large with what is taken out
        return pack(redact(payload)[0], PAYLOAD_BYTES_MAX)
    return pack(redact(payload)[0], PAYLOAD_BYTES_MAX) if may_need_redaction(packed) else packed


def check_payload(kind: Kind, payload: Mapping[str, Any]) -> None:
    """Hold a payload to its kind.

    Raises:
        CodecError: a key is unknown or missing, or a value has another type.
    """
    try:
        msgspec.convert(payload, _type_of(kind.name))
    except (msgspec.ValidationError, TypeError, RecursionError) as error:
        raise CodecError(f"cannot use the payload of {kind.name}: {error}") from error


def check_free_kind(kind: str) -> None:
    """Refuse a kind that only molt itself may use, or whose name is no kind's.

    Raises:
        CodecError: it must not be used.
    """
    if not is_kind_name(kind):
        raise CodecError(
            f"cannot use the kind {kind[:80]!r}: words of a-z, 0-9 and _ with dots between, "
            f"{KIND_CHARS_MAX} characters at most",
            _HINT,
        )
    family = kind.partition(".")[0]
    if family in FAMILIES:
        raise CodecError(f"cannot use the kind {kind!r}: kinds in {family!r} are molt's own", _HINT)


def is_kind_name(kind: str) -> bool:
    """Return whether a text has the form of a kind's name."""
    return len(kind) <= KIND_CHARS_MAX and _NAME.match(kind) is not None


@cache
def _type_of(name: str) -> Any:
    """Return the payload's type, built when the first one of its kind is checked."""
    kind = KINDS[name]
    if kind.is_open:
        return dict[str, Any]
    fields: list[Any] = []
    for key, wanted in kind.payload.items():
        told = Any if wanted is ANY else wanted
        if key.endswith("?"):
            fields.append((key[:-1], told | None if told is not Any else Any, None))
        else:
            fields.append((key, told))
    return msgspec.defstruct(
        f"Payload of {name}", fields, forbid_unknown_fields=True, kw_only=True, frozen=True
    )
